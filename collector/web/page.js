// SPDX-License-Identifier: Apache-2.0
// What the server did not wait for when it wrote the page: services are judged one by one, and a
// profile that takes long is made before the page is asked for again. Then it waits: as profiles
// come in, what was made a moment ago may not be what is to be shown.
"use strict";

(async () => {
	const made = document.querySelector("[data-make]");
	if (made && (await fetch(made.dataset.make)).ok) {
		const address = new URL(location.href);
		address.searchParams.set("wait", "1");
		location.replace(address);
	}
	for (const cell of document.querySelectorAll("[data-judge]")) {
		const answer = await fetch(cell.dataset.judge, { headers: { Accept: "application/json" } });
		if (!answer.ok)
			continue;
		const { verdict, coverage, why } = await answer.json();
		const badge = document.createElement("span");
		badge.className = "badge " + verdict;
		badge.textContent = verdict;
		const under = document.createElement("span");
		under.className = "under";
		under.textContent = coverage;
		cell.title = why;
		cell.replaceChildren(badge, under);
	}
})().catch(() => {});
