// SPDX-License-Identifier: Apache-2.0
module example.com/hone/bench/fixed

go 1.21
