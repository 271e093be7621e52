"""What a server says about itself, and how it counts: /info, /health, /metrics, /v1/models, /tokenize."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.tgi_server.messages import Request, Response, json_response, text_response
from tests.support.tgi_server.parameters import read_text_request
from tests.support.tgi_server.service import Service

WORKERS = 2
REVISION = "0" * 40  # in place of a commit of the hub


@dataclass(frozen=True, slots=True)
class FactRoutes:
    service: Service

    async def info(self, _request: Request) -> Response:
        return json_response(200, self._info())

    async def health(self, _request: Request) -> Response:
        return Response(200)

    async def metrics(self, _request: Request) -> Response:
        lines = [f"# TYPE {name} counter\n{name} {value}\n" for name, value in self.service.counts.items()]
        return text_response(200, "\n".join(lines))

    async def models(self, _request: Request) -> Response:
        name = self.service.setup.engine.model_id
        entry = {"id": name, "object": "model", "created": 0, "owned_by": name}
        return json_response(200, {"object": "list", "data": [entry]})

    async def tokenize(self, request: Request) -> Response:
        """A bare array; special tokens that the text spells out are found in it."""
        setup = self.service.setup
        read = read_text_request(request, setup.version, setup.limits.payload)
        return json_response(200, await self.tokens(read.inputs))

    async def tokens(self, text: str) -> list[dict[str, Any]]:
        spans = await self.service.tokenize(text)
        return [{"id": id_, "text": text[start:stop], "start": start, "stop": stop} for id_, (start, stop) in spans]

    def _info(self) -> dict[str, Any]:
        setup, limits, version = self.service.setup, self.service.setup.limits, self.service.setup.version
        old = not version.tells_input_length  # 2.3.0 dropped what describes device and batches
        body: dict[str, Any] = {"model_id": setup.engine.model_id, "model_sha": REVISION}
        if old:
            body |= {"model_dtype": "torch.float32", "model_device_type": "cpu"}
        body |= {
            "model_pipeline_tag": setup.pipeline_tag,
            "max_concurrent_requests": limits.max_concurrent_requests,
            "max_best_of": limits.max_best_of,
            "max_stop_sequences": limits.max_stop_sequences,
            "max_input_tokens" if version.renamed_input_limit else "max_input_length": limits.max_input_tokens,
            "max_total_tokens": limits.max_total_tokens,
        }
        if old:
            batch = {"max_batch_total_tokens": limits.max_total_tokens, "max_waiting_tokens": 20}
            body |= {"waiting_served_ratio": 1.2, **batch}
        body["validation_workers"] = WORKERS
        if version.release >= (2, 0, 1):
            body["max_client_batch_size"] = limits.max_client_batch_size
        if version.release >= (2, 0, 3):
            body["router"] = "text-generation-router"
        return body | {"version": str(version), "sha": REVISION, "docker_label": None}
