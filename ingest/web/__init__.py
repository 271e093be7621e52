"""Pages of the web: the only part of ingestion that opens connections, and the rules by which it does."""

from ingest.web.addresses import Address, is_address, parse_address
from ingest.web.fetching import FetchLimits, Network, Page, fetch

__all__ = ["Address", "FetchLimits", "Network", "Page", "fetch", "is_address", "parse_address"]
