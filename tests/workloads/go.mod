// SPDX-License-Identifier: Apache-2.0
module example.com/hone/workloads

go 1.21
