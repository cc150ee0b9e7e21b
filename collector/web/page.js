// SPDX-License-Identifier: Apache-2.0
// Services that were not judged when the page was written are judged one by one.
"use strict";

(async () => {
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
