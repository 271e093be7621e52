"""The chat template of the served model, in Jinja."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.tgi_server.failures import template_error
from tests.support.tgi_server.service import Setup

FALCONLITE2 = (
    "{% for message in messages %}"
    "{% if message.role == 'assistant' %}<|assistant|>{{ message.content }}<|endoftext|>"
    "{% else %}<|prompter|>{{ message.content }}<|endoftext|>{% endif %}"
    "{% endfor %}<|assistant|>"
)
"""FalconLite2's turns; its own repository has no chat template, and then chat fails with a template error."""


def rendered(setup: Setup, messages: Sequence[Mapping[str, Any]]) -> str:
    """The messages as one prompt. Raises `Failure` 422."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    if setup.chat_template is None:
        raise template_error("template not found")
    try:
        return ImmutableSandboxedEnvironment().from_string(setup.chat_template).render(messages=messages)
    except TemplateError as error:
        raise template_error(str(error)) from error
