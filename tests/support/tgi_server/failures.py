"""The two ways in which TGI says no: plain text from its web framework, JSON from itself."""

from __future__ import annotations


class Rejection(Exception):
    """axum's extractor refused the request before any handler saw it: a status and a line of plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Failure(Exception):
    """An error of the server: `{"error": message, "error_type": kind}`, as a response or as an event at HTTP 200."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message

    def body(self) -> dict[str, str]:
        return {"error": self.message, "error_type": self.kind}


def invalid(message: str) -> Failure:
    return Failure(422, "validation", f"Input validation error: {message}")


def overloaded() -> Failure:
    return Failure(429, "overloaded", "Model is overloaded")


def failed_generation(reason: str) -> Failure:
    return Failure(424, "generation", f"Request failed during generation: {reason}")


def template_error(reason: str) -> Failure:
    return Failure(422, "template_error", f"Template error: {reason}")
