// How search results are ordered: a page whose title has the words of the query comes first.
// Sphinx copies this before its own script; the scores of words are its defaults.
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,

  score: ([page, title, , , score, , kind]) => {
    if (kind === SearchResultKind.object) return score;
    const stems = (text) => {
      const words = splitQuery(text.toLowerCase()).filter((one) => !stopwords.has(one));
      return new Set(words.map((one) => new Stemmer().stemWord(one)));
    };
    const typed = stems(new URLSearchParams(location.search).get("q"));
    const named = stems(title.split(" > ")[0]); // behind it is a section's title
    const found = [...typed].filter((one) => named.has(one)).length;
    const below = page === "reference/changelog" || page.startsWith("reference/api/");
    // Of two titles with the same words, the shorter one says more about them.
    const share = found / (typed.size || 1) + found / (named.size || 1) / 4;
    return score + 20 * share - (below ? 10 : 0);
  },
};
