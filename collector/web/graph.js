// SPDX-License-Identifier: Apache-2.0
// The flame graph of a service's page: d3-flame-graph draws it; what is here fetches its data, says
// what a frame is, and goes from frame to frame by keyboard. Texts are set as text and never as
// markup, which the page's policy forbids besides.
"use strict";

(() => {
	const FRAME = 20; // px
	const chart = document.getElementById("chart");
	const details = document.getElementById("details");
	const note = document.getElementById("note");
	const search = document.getElementById("search");
	const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

	const percent = (share) => (share > 0 && share < 0.0005 ? "< 0.1" : (share * 100).toFixed(1)) + " %";

	// Hours of CPU time, or samples where a profile knows no time.
	function amount(value, unit) {
		if (unit !== "nanoseconds")
			return value.toLocaleString("en") + " samples";
		const s = value / 1e9;
		return s >= 7200 ? (s / 3600).toFixed(1) + " h" :
			s >= 120 ? (s / 60).toFixed(1) + " min" :
			s >= 1 ? s.toFixed(1) + " s" : Math.round(s * 1000) + " ms";
	}

	// ---- data ----

	// Rows of level, name, value, value before; parents first.
	function tree(data) {
		const path = [];
		for (const [level, name, value, before] of data.nodes) {
			const node = { n: data.names[name], a: value, b: before || 0, c: [] };
			// As wide as it is on the average of both, so that what is gone can be seen, too.
			node.v = data.compares ? Math.floor(1e9 * (share(data, 0, node.a) + share(data, 1, node.b)) / 2) : value;
			if (level)
				path[level - 1].c.push(node);
			path[level] = node;
		}
		return path[0];
	}

	const share = (data, side, value) => (data.total[side] > 0 ? value / data.total[side] : 0);

	function label(data, node) {
		const now = share(data, 0, node.a);
		if (!data.compares)
			return `${node.n}: ${percent(now)}, ${amount(node.a, data.unit)}`;
		const before = share(data, 1, node.b);
		const change = now - before;
		return `${node.n}: ${percent(now)}, before ${percent(before)} ` +
			`(${change < 0 ? "−" : "+"}${(Math.abs(change) * 100).toFixed(2)} points)`;
	}

	// ---- colours: names of style.css ----

	// example.com/shop, github.com/org/repo: the part of a path that a module's packages share.
	function moduleOf(path) {
		const parts = (path || "").split("/");
		return parts.slice(0, /^(github|gitlab|bitbucket)\./.test(parts[0]) ? 3 : 2).join("/");
	}
	const module = moduleOf(chart.dataset.package);

	// Where the last element of the package's path begins: type arguments have paths of their own.
	const elementOf = (name) => name.split("[", 1)[0].lastIndexOf("/") + 1;

	function kind(name) {
		const dot = name.indexOf(".", elementOf(name));
		const path = dot < 0 ? "" : name.slice(0, dot);
		if (!path || path === "runtime" || /^(runtime|internal\/runtime)\//.test(path))
			return "runtime";
		if (path === "main" || (module && (path + "/").startsWith(module + "/")))
			return "own";
		return path.split("/")[0].includes(".") ? "other" : "std";
	}

	function shade(name) {
		let sum = 0;
		for (let i = 0; i < name.length; i++)
			sum = (sum * 31 + name.charCodeAt(i)) % 9973;
		return sum % 3 + 1;
	}

	function colour(data, d) {
		if (d.highlight)
			return "var(--found)";
		if (!d.parent || d.data.n === "other")
			return "var(--root)";
		if (!data.compares)
			return `var(--${kind(d.data.n)}${shade(d.data.n)})`;
		const now = share(data, 0, d.data.a), before = share(data, 1, d.data.b);
		const change = now + before > 0 ? (now - before) / (now + before) : 0;
		const step = Math.min(4, Math.ceil(Math.abs(change) * 8 - 0.2));
		return step < 1 ? "var(--same)" : `var(--${change > 0 ? "more" : "less"}${step})`;
	}

	// ---- keyboard ----

	const frames = () => [...chart.querySelectorAll("g.frame")].filter((g) => g.__data__.x1 > g.__data__.x0);

	function frameOf(d) {
		return frames().find((g) => g.__data__ === d);
	}

	// One frame is in the order of the page's focus: the one last gone to.
	function enter(data, g, focus) {
		for (const old of chart.querySelectorAll("g[tabindex]"))
			if (old !== g)
				old.removeAttribute("tabindex");
		g.setAttribute("tabindex", "0");
		g.setAttribute("role", "button");
		g.setAttribute("aria-label", label(data, g.__data__.data));
		if (focus)
			g.focus({ preventScroll: false });
	}

	function neighbour(d, step) {
		const row = frames().filter((g) => g.__data__.depth === d.depth)
			.sort((a, b) => a.__data__.x0 - b.__data__.x0);
		return row[row.findIndex((g) => g.__data__ === d) + step];
	}

	function towards(d, key) {
		const drawn = (one) => one && frameOf(one);
		switch (key) {
		case "ArrowUp":
			return drawn(d.parent);
		case "ArrowDown":
			return drawn([...(d.children || [])].sort((a, b) => b.value - a.value)[0]);
		case "ArrowLeft":
			return neighbour(d, -1);
		case "ArrowRight":
			return neighbour(d, 1);
		case "Home":
			return frames()[0];
		}
		return null;
	}

	function onKey(graph, data, event) {
		const g = event.target.closest("g.frame");
		if (!g || event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (event.key === "Enter" || event.key === " ")
			graph.zoomTo(g.__data__);
		else if (event.key === "Escape") {
			graph.resetZoom();
			enter(data, g, true);
		}
		else if (/^(Arrow|Home$)/.test(event.key)) {
			const to = towards(g.__data__, event.key);
			if (to)
				enter(data, to, true);
		} else
			return;
		event.preventDefault();
	}

	// ---- drawing ----

	// How many profiles of how many, if there was no time for all.
	function profiles(data, side) {
		const n = data.profiles[side], all = n + data.skipped[side];
		const of = n < all ? ` of ${all.toLocaleString("en")}, evenly chosen` : "";
		return `${n.toLocaleString("en")} profile${n === 1 ? "" : "s"}${of}`;
	}

	function say(data) {
		const parts = data.compares ?
			[`${amount(data.total[0], data.unit)} in ${profiles(data, 0)}, against ` +
			 `${amount(data.total[1], data.unit)} in ${profiles(data, 1)}; each side is 100 %.`] :
			[`${amount(data.total[0], data.unit)} in ${profiles(data, 0)}.`];
		if (data.cut)
			parts.push(`${data.cut.toLocaleString("en")} frames too small to be seen are added up as “other”.`);
		note.textContent = parts.join(" ");
	}

	function onFound(data, results, sum, total) {
		details.textContent = results.length ?
			`${results.length.toLocaleString("en")} frames, ${percent(total ? sum / total : 0)} of all` :
			"Nothing is called like this.";
	}

	function make(data) {
		return flamegraph()
			.width(chart.clientWidth).cellHeight(FRAME).minFrameSize(1).inverted(true)
			.transitionDuration(still ? 0 : 200).selfValue(false)
			.sort((a, b) => b.data.v - a.data.v)
			.setColorMapper((d) => colour(data, d))
			.setLabelHandler((d) => label(data, d.data))
			.setDetailsHandler((text) => {
				if (text)
					details.textContent = text;
			})
			.getName((d) => d.data.n.slice(elementOf(d.data.n)))
			.setSearchMatch((d, term) => d.data.n.toLowerCase().includes(term.toLowerCase()))
			.setSearchHandler((results, sum, total) => onFound(data, results, sum, total));
	}

	function onSearch(graph) {
		if (search.value) {
			graph.search(search.value);
		} else {
			graph.clear();
			details.textContent = "\u00a0";
		}
	}

	function draw(data) {
		const graph = make(data);
		d3.select(chart).datum(tree(data)).call(graph);
		enter(data, frames()[0], false);
		graph.onClick((d) => {
			const g = frameOf(d);
			if (g)
				enter(data, g, !document.activeElement.closest(".tools"));
		});
		chart.addEventListener("keydown", (event) => onKey(graph, data, event));
		chart.addEventListener("focusin", (event) => {
			const g = event.target.closest("g.frame");
			if (g)
				details.textContent = label(data, g.__data__.data);
		});
		search.addEventListener("input", () => onSearch(graph));
		document.getElementById("reset").addEventListener("click", () => graph.resetZoom());
		document.querySelector(".tools").hidden = false;
		new ResizeObserver(() => {
			if (chart.clientWidth !== graph.width()) {
				graph.width(chart.clientWidth);
				graph.update();
			}
		}).observe(chart);
		say(data);
		chart.dataset.ready = "1";
	}

	async function start() {
		note.textContent = "Adding up profiles…";
		const answer = await fetch(chart.dataset.address, { headers: { Accept: "application/json" } });
		const data = await answer.json();
		if (!answer.ok)
			note.textContent = data.message;
		else if (!(data.nodes.length > 1))
			note.textContent = "No CPU profile began in this time.";
		else
			draw(data);
	}

	start().catch((error) => {
		note.textContent = `The flame graph could not be drawn: ${error.message}`;
	});
})();
