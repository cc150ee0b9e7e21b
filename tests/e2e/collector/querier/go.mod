// SPDX-License-Identifier: Apache-2.0
module example.com/shop/querier

go 1.25.0

require (
	connectrpc.com/connect v1.19.2
	github.com/google/pprof v0.0.0-20250317173921-a4b03ec1a45e
	github.com/grafana/pyroscope/api v1.6.0
)
