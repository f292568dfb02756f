"""A trained encoder as others take it: ONNX, a folder for the Hugging Face Hub, its card; and theirs, brought in."""
