"""Sigma: rules in, detections out. Between the engine, which gives records, and the analyses, which show detections."""
