"""A question set from a person's own documents: by cloze and headings, or by a language model where there is one."""
