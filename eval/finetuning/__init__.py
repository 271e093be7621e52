"""Teaching a model what the documents say: training sets made from a knowledge base and a question set."""
