"use strict";

// The binomial distribution exactly, for as few trials as twenty: sums of its terms.
function binomial(k, n, p) {
    let coefficient = 1;
    for (let i = 0; i < k; i++) coefficient = coefficient * (n - i) / (i + 1);
    return coefficient * p ** k * (1 - p) ** (n - k);
}

function atMost(k, n, p) {
    let sum = 0;
    for (let i = 0; i <= k; i++) sum += binomial(i, n, p);
    return sum;
}

// Two-sided exact test against one half: twice the smaller tail, at most 1.
function signTest(wins, losses) {
    const n = wins + losses;
    return n === 0 ? 1 : Math.min(1, 2 * atMost(Math.min(wins, losses), n, 0.5));
}

// Clopper and Pearson 1934: the shares under which neither tail is less likely than 2.5 %.
function clopperPearson(wins, losses) {
    const n = wins + losses;
    if (n === 0) return [0, 1];
    const solve = (tail) => {
        let low = 0, high = 1;
        for (let i = 0; i < 60; i++) {
            const middle = (low + high) / 2;
            if (tail(middle)) low = middle; else high = middle;
        }
        return (low + high) / 2;
    };
    const lower = wins === 0 ? 0 : solve((p) => 1 - atMost(wins - 1, n, p) < 0.025);
    const upper = losses === 0 ? 1 : solve((p) => atMost(wins, n, p) > 0.025);
    return [lower, upper];
}

function verdict(names, wins, losses, ties) {
    const n = wins + losses;
    const same = ties ? ` ${ties} without a difference.` : "";
    if (n === 0) return `You saw no difference between ${names[0]} and ${names[1]}.`;
    const ahead = wins >= losses;
    const [name, other, more] = ahead ? [names[0], names[1], wins] : [names[1], names[0], losses];
    const [low, high] = clopperPearson(more, n - more);
    const percent = (share) => `${Math.round(100 * share)} %`;
    const count = `${name} was better in ${more} of ${n} decided (${percent(more / n)}, 95 % interval ` +
        `${percent(low)} to ${percent(high)}; sign test p = ${signTest(wins, losses).toPrecision(2)}).${same}`;
    return signTest(wins, losses) < 0.05
        ? `To your eye ${name} is really better than ${other}: ${count}`
        : `No difference between ${names[0]} and ${names[1]} can be told from so few: ${count}`;
}

function element(kind, className, text) {
    const made = document.createElement(kind);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
}

function tile(number) {
    return element("div", `cell picture p${number}`);
}

function start(root) {
    const { names, rounds } = JSON.parse(root.dataset.questions);
    const answers = [];
    const at = element("p", "at");
    const question = element("div", "asked");
    const sides = [element("button", "side"), element("button", "side")];
    const row = element("div", "sides");
    const none = element("button", "none", "no difference (0)");
    const result = element("div", "result");
    result.setAttribute("role", "status");
    at.setAttribute("aria-live", "polite");
    for (const button of [...sides, none]) button.type = "button";
    row.append(...sides);
    root.append(at, question, row, none, result);
    sides.forEach((side, i) => side.addEventListener("click", () => answer(i)));
    none.addEventListener("click", () => answer(null));

    function show() {
        const [query, left, right] = rounds[answers.length];
        at.textContent = `${answers.length + 1} of ${rounds.length}`;
        question.replaceChildren(tile(query));
        [left, right].forEach((list, i) => {
            const label = element("span", "which", i ? "right (2)" : "left (1)");
            const strip = element("div", "strip");
            strip.append(...list.map(tile));
            sides[i].replaceChildren(label, strip);
            sides[i].setAttribute("aria-label", i ? "the right list is better" : "the left list is better");
        });
    }

    // 1: the first encoder's list was better; 0: the other's; null: no difference
    function answer(side) {
        if (answers.length >= rounds.length) return;
        answers.push(side === null ? null : Number(side === rounds[answers.length][3]));
        if (answers.length < rounds.length) show(); else reveal();
    }

    function reveal() {
        const wins = answers.filter((a) => a === 1).length;
        const losses = answers.filter((a) => a === 0).length;
        at.textContent = "All twenty are answered.";
        for (const part of [question, row, none]) part.hidden = true;
        const again = element("button", "again", "once more");
        again.type = "button";
        again.addEventListener("click", () => {
            answers.length = 0;
            result.replaceChildren();
            for (const part of [question, row, none]) part.hidden = false;
            show();
        });
        result.replaceChildren(element("p", "verdict", verdict(names, wins, losses, answers.length - wins - losses)), again);
    }

    root.answer = answer;
    show();
}

for (const root of document.querySelectorAll(".blind")) start(root);
// keys answer the comparison that is in view
document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !["0", "1", "2"].includes(event.key)) return;
    const seen = [...document.querySelectorAll(".blind")].find((root) => {
        const box = root.getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight;
    });
    if (seen) seen.answer(event.key === "0" ? null : Number(event.key) - 1);
});
