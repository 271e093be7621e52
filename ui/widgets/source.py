"""The source panel: where a citation stands, in words and on the page."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st

from assistant.answers import Answer, Citation, Passage, Support
from assistant.reasons import reason_for
from assistant.surroundings import Surroundings, surroundings
from ingest.errors import FileFailed
from ingest.originals import Original, original
from ingest.page_pictures import PagePicture, page_picture
from ingest.unlocking import unlocked
from ui.state import Session, knowledge_of
from ui.widgets.answer import SIGNS
from ui.widgets.inert import escaped, label
from ui.widgets.passages import where

if TYPE_CHECKING:
    from ingest.documents import Document

_EMPTY_LINES = re.compile(r"\n\s*\n")  # the panel is narrow, and the page is to be seen below the quote
FRAME = (214, 64, 0)  # of the box around the quoted words
WIDTH = 900  # pixels of a page


def source_panel(here: Session) -> None:
    st.markdown("#### Source")
    found = _selected(here)
    if found is None:
        st.caption("Choose a numbered citation to see where it stands.")
        return
    answer, citation, support, doubts = found
    sign, color = SIGNS[support if citation.verified else "not_found"]
    st.markdown(f":{color}[{sign}] **{label(where(citation) if citation.verified else 'Not located')}**")
    for doubt in doubts:
        st.markdown(f"~ {label(doubt, 300)}")
    passage = next((each for each in answer.passages if each.number == citation.passage), None)
    document = _document(here, citation, passage)
    if not citation.verified or document is None:
        st.markdown(":red[✗ Not located in the document's text.] There is nothing to highlight.")
        return
    around = surroundings(document, citation)
    _quote(around)
    if passage:
        _why(passage, answer)
    _page(here, citation, document, around)


def _selected(here: Session) -> tuple[Answer, Citation, Support, tuple[str, ...]] | None:
    place = here.shown
    if place is None or place.exchange >= len(here.exchanges):
        return None
    answer = here.exchanges[place.exchange].answer
    if answer is None or place.sentence >= len(answer.sentences):
        return None
    sentence = answer.sentences[place.sentence]
    if place.citation >= len(sentence.citations):
        return None
    return answer, sentence.citations[place.citation], sentence.support, sentence.doubts


def _document(here: Session, citation: Citation, passage: Passage | None) -> Document | None:
    if passage is None:
        return None
    document = knowledge_of(str(here.collection)).document(passage.document_id)
    if document is None or document.text[citation.start : citation.end] != citation.quote:
        return None  # it was replaced or removed since the answer was given
    return document


def _quote(around: Surroundings) -> None:
    before = f"… {around.before}" if around.cut_before else around.before
    after = f"{around.after} …" if around.cut_after else around.after
    before, quote, after = (escaped(_EMPTY_LINES.sub("\n", part)) for part in (before, around.quote, after))
    st.html(f'<p class="k-text k-quote">{before}<mark>{quote}</mark>{after}</p>')


def _why(passage: Passage, answer: Answer) -> None:
    question = answer.searched_for or answer.question
    reason = reason_for(passage, question, answer.passages)
    words = (
        f"Words of the question in it: {', '.join(reason.words)}."
        if reason.words
        else "It was found by its meaning: no telling word of the question stands in it."
    )
    st.caption(label(f"Why this passage: rank {reason.rank} of {reason.found}, score {reason.score:.3f}. {words}", 300))
    if len(answer.passages) > 1:
        with st.expander(f"All {len(answer.passages)} that were found"):
            ranked = sorted(answer.passages, key=lambda each: -each.score)
            st.dataframe(
                [{"Passage": where(each), "Score": round(each.score, 3), "Sent as": each.number} for each in ranked],
                hide_index=True,
                alt="Passages that were found, with their scores",
            )


def _page(here: Session, citation: Citation, document: Document, around: Surroundings) -> None:
    file = original(citation.source, document.id)
    if file.state != "same":
        told = "is no longer where it was" if file.state == "gone" else "has changed since it was read"
        st.caption(f"The file {told}: what stands above is the stored text.")
        st.download_button("Download the stored text", document.text, f"{file.name}.txt", key="download-source")
        return
    drawn = _picture(here, file, citation, around) if file.data.startswith(b"%PDF") else None
    with st.container(horizontal=True):
        if drawn is not None:
            name = f"{PurePath(file.name).stem}-{citation.page}.png"
            st.download_button("Download the page", drawn, name, "image/png", on_click="ignore")
        st.download_button("Download the document", file.data, file.name, key="download-source", on_click="ignore")


def _picture(here: Session, file: Original, citation: Citation, around: Surroundings) -> bytes | None:
    """Shows the page, and returns it as a PNG, None where it cannot be drawn."""
    password = here.passwords.get(citation.source, "")
    page, quote = citation.page, citation.quote
    try:
        boxed, located = _drawn(document_data=file.data, page=page, quote=quote, near=around.near, password=password)
    except FileFailed as error:
        if error.outcome == "encrypted":
            _ask_for_password(here, citation.source)
            return None
        st.caption(f"The page cannot be drawn: {label(error.message, 200)}")
        return None
    # As a data: address it comes with the panel. What Streamlit serves under /media is deleted when a run of the page
    # that is cut short has not drawn it; a browser that asks in that moment shows a broken picture, and keeps it.
    st.image(f"data:image/png;base64,{b64encode(boxed).decode()}", caption=label(where(citation)), width="stretch")
    if not located:
        st.caption("Not located on the picture of the page: no box is drawn.")
    return boxed


def _ask_for_password(here: Session, source: str) -> None:
    """For the pictures of a file's pages: what was given to read it is known no more."""
    with st.form("page-password", clear_on_submit=True):
        wrong = source in here.passwords
        st.markdown(":red[✗ That does not open it.]" if wrong else "The page is drawn with the password of the file.")
        password = st.text_input("Password of the file", type="password", help="Kept in this tab, and stored nowhere.")
        if st.form_submit_button("Show the page", icon=":material/lock_open:") and password:
            here.passwords[source] = password
            st.rerun()


@st.cache_data(max_entries=64, show_spinner="Drawing the page …")
def _drawn(*, document_data: bytes, page: int, quote: str, near: float, password: str) -> tuple[bytes, bool]:
    """The page as a PNG, and whether the quote has its box there. Kept for who gives the same password."""
    with unlocked(password):
        picture = page_picture(document_data, page, quote, near, WIDTH)
    return _boxed(picture), bool(picture.boxes)


def _boxed(picture: PagePicture) -> bytes:
    from PIL import Image, ImageDraw

    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for box in picture.boxes:
        draw.rectangle((box.left - 5, box.top - 5, box.right + 5, box.bottom + 5), outline=FRAME, width=5)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
