"""Load on a service next to peers: throughput, latencies, wrong answers, memory, kills and malformed requests."""
