/* SPDX-License-Identifier: Apache-2.0 */
/* Pods as the API server writes them. */
#pragma once

#define ID_A "4f1d2c3b4a5968778695a4b3c2d1e0f00123456789abcdef0123456789abcdef"
#define ID_B "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UID  "1234abcd-0000-1111-2222-333344445555"

/* clang-format off */
#define POD(name, uid, container, id)                                                             \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"shop\",\"uid\":\"" uid "\","            \
	"\"resourceVersion\":\"77\",\"managedFields\":[{\"fieldsV1\":{\"f:x\":{}}}]},"                 \
	"\"spec\":{\"containers\":[{\"name\":\"" container "\",\"args\":[\"]}\\\"{[\",\"\\\\\"]}]},"   \
	"\"status\":{\"containerStatuses\":[{\"name\":\"" container "\",\"containerID\":"            \
	"\"containerd://" id "\",\"lastState\":{}}]}}"

#define LIST(metadata, items)                                                                     \
	"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{" metadata "},\"items\":[" items   \
	"]}"
/* clang-format on */
