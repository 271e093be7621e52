"""Ends an answer at the first stop sequence, without ever showing a part of one."""

from __future__ import annotations


class StopSequences:
    """Text in, piece by piece; what may be shown out.

    Servers differ: text-generation-inference leaves the matched sequence in the text and matches it only at the end of
    a token, others cut it off. Looking for it here as well makes them alike.
    """

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._sequences = tuple(sequence for sequence in sequences if sequence)
        self._held = ""  # the end of the text, as long as it may be the beginning of a stop sequence
        self.stopped = False

    def feed(self, piece: str) -> str:
        """What can be shown now that `piece` has come; nothing more once a sequence was found."""
        if self.stopped:
            return ""
        text = self._held + piece
        shown = self.cut(text)
        if len(shown) < len(text):
            self.stopped, self._held = True, ""
            return shown
        keep = self._begun(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """What was held back, once it is known that no more will come."""
        held, self._held = self._held, ""
        return held

    def cut(self, text: str) -> str:
        """`text` up to the first stop sequence in it."""
        found = [position for sequence in self._sequences if (position := text.find(sequence)) >= 0]
        return text[: min(found)] if found else text

    def _begun(self, text: str) -> int:
        """Length of the longest end of `text` that begins a stop sequence."""
        longest = max((len(sequence) for sequence in self._sequences), default=0)
        for length in range(min(longest - 1, len(text)), 0, -1):
            if any(sequence.startswith(text[-length:]) for sequence in self._sequences):
                return length
        return 0
