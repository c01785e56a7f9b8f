"""From a trained network to an ONNX graph: for the CPU backends and for exported files."""
