"""The exported encoder on onnxruntime: the face of an encoder without torch."""
