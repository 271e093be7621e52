"""Which path of which version leads where, who may call it, and how an error becomes a response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tests.support.tgi_server.deserialising import read_json
from tests.support.tgi_server.fact_routes import FactRoutes
from tests.support.tgi_server.failures import Failure, Rejection
from tests.support.tgi_server.messages import Request, Response, json_response, text_response
from tests.support.tgi_server.openai_requests import read_chat, read_completions
from tests.support.tgi_server.openai_routes import OpenAIRoutes
from tests.support.tgi_server.parameters import text_request
from tests.support.tgi_server.service import Service
from tests.support.tgi_server.text_routes import TextRoutes
from tests.support.tgi_server.versions import Version

Handler = Callable[[Request], Awaitable[Response]]
Table = Mapping[tuple[str, str], Handler]
GENERATING = ("/", "/generate", "/generate_stream", "/invocations", "/v1/chat/completions", "/v1/completions")
GUARDED = (*GENERATING, "/tokenize")  # by --api-key; /info, /health, /v1/models and /chat_tokenize stay open


class Router:
    """Answers requests for one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._text = TextRoutes(service)
        self._facts = FactRoutes(service)
        self._openai = OpenAIRoutes(service, self._facts)
        self._table = self._routes(service.setup.version)

    async def respond(self, request: Request) -> Response:
        """Never raises for what a client can do wrong."""
        handler = self._table.get((request.method, request.path))
        if handler is None:
            return self._no_route(request)
        if not self._may(request):
            return Response(401)  # without a body, as tower's layer
        try:
            return await handler(request)
        except Rejection as rejection:
            return text_response(rejection.status, rejection.text)
        except Failure as failure:
            return json_response(failure.status, failure.body())

    def _routes(self, version: Version) -> Table:
        text, facts, openai = self._text, self._facts, self._openai
        table: dict[tuple[str, str], Handler] = {
            ("POST", "/"): text.root,
            ("POST", "/generate"): text.generate,
            ("POST", "/generate_stream"): text.generate_stream,
            ("POST", "/invocations"): self._invocations,
            ("GET", "/info"): facts.info,
            ("GET", "/health"): facts.health,
            ("GET", "/ping"): facts.health,
            ("GET", "/metrics"): facts.metrics,
        }
        if version.release != (1, 4, 0):
            table["GET", "/"] = facts.health
        if version.has_tokenize:
            table["POST", "/tokenize"] = facts.tokenize
        if version.has_chat:
            table["POST", "/v1/chat/completions"] = openai.chat
        if version.has_completions:
            table["POST", "/v1/completions"] = openai.completions
        if version.has_models:
            table |= {("GET", "/v1/models"): facts.models, ("POST", "/chat_tokenize"): openai.chat_tokenize}
        return table

    def _no_route(self, request: Request) -> Response:
        allowed = [method for method, path in self._table if path == request.path]
        return Response(405, headers={"allow": ",".join(allowed)}) if allowed else Response(404)

    def _may(self, request: Request) -> bool:
        key = self.service.setup.api_key
        guarded = request.method == "POST" and request.path in GUARDED
        return key is None or not guarded or request.headers.get("authorization") == f"Bearer {key}"

    async def _invocations(self, request: Request) -> Response:
        """SageMaker's route: POST / and, from 2.4.0 on, whichever of the three bodies fits first."""
        setup = self.service.setup
        body = read_json(request, setup.limits.payload)
        if not setup.version.invocations_take_chat:
            return await self._text.compatible(text_request(body, request, setup.version))
        keys = body if isinstance(body, dict) else {}
        if "inputs" in keys:
            return await self._text.compatible(text_request(body, request, setup.version))
        if "messages" in keys:
            return await self._openai.answer_chat(read_chat(body, request))
        if "prompt" in keys:
            return await self._openai.answer_completions(read_completions(body, request))
        problem = "data did not match any variant of untagged enum SagemakerRequest"
        raise Rejection(422, f"Failed to deserialize the JSON body into the target type: {problem}")
