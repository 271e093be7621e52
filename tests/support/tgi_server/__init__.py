"""A server that speaks the protocol of Hugging Face's text-generation-inference, with a real model behind it.

Wire facts are those of TGI's own router (router/src/{server,validation,lib,sagemaker}.rs at the tags named in
`versions.py`) and of its published OpenAPI document. `python -m tests.support.tgi_server --help` runs it by hand.
"""
