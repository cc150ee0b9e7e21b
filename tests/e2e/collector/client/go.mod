// SPDX-License-Identifier: Apache-2.0
module example.com/shop/client

go 1.22

require github.com/grafana/pyroscope-go v1.2.8
