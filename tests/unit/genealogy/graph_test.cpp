#include "genealogy/graph.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "unit/genealogy/families.hpp"

namespace stemma::test {
namespace {

std::string newick(const Genealogy& genealogy) {
    std::ostringstream out;
    write_newick(genealogy, names(), out);
    return out.str();
}

std::string graphml(const Genealogy& genealogy) {
    std::ostringstream out;
    write_graphml(genealogy, names(), out);
    return out.str();
}

/// The second choice of optimiser has every character that needs care.
Genealogy awkward() {
    auto member = root(0.5, {{2, std::numeric_limits<double>::infinity()}});
    member.configuration = {0.5, Choice{1}, Inactive{}};
    return {{member}, false, {}};
}

TEST(Newick, OneTreeARoot) {
    EXPECT_EQ(newick(family()),
              "('2 lr=0.2 optimiser=sgd to=4':3,('5 lr=0.15 optimiser=sgd to=4':3)'3 lr=0.15 optimiser=sgd to=4':3)"
              "'0 lr=0.1 optimiser=sgd to=4':6;\n"
              "('4 lr=0.5 optimiser=sgd to=4':0)'1 lr=0.5 optimiser=sgd to=4':3;\n");
}

TEST(Newick, QuotesAreDoubled) { EXPECT_EQ(newick(awkward()), "'0 lr=0.5 optimiser=it''s \"a\" <b> & c':2;\n"); }

TEST(Newick, LongLineagesNeedNoStack) {
    std::vector<Relative> members = {root(0.5, {{1, 1}})};
    for (std::uint64_t i = 1; i < 100'000; ++i) {
        members.push_back(child(i - 1, static_cast<Resource>(i), 0.5, {{static_cast<Resource>(i) + 1, 1}}));
    }
    const auto text = newick({std::move(members), false, {}});
    EXPECT_EQ(text.substr(0, 99'999), std::string(99'999, '('));
}

TEST(GraphMl, HasNodesEdgesAndAttributes) {
    const auto text = graphml({{root(0.1, {{3, 0.9}}), child(0, 3, 0.2, {})}, false, {0}});
    for (const auto* expected :
         {"<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
          "  <key id=\"metric\" for=\"node\" attr.name=\"metric\" attr.type=\"double\"/>\n",
          "  <key id=\"p0\" for=\"node\" attr.name=\"lr\" attr.type=\"double\"/>\n",
          "  <key id=\"p1\" for=\"node\" attr.name=\"optimiser\" attr.type=\"string\"/>\n",
          "  <key id=\"p2\" for=\"node\" attr.name=\"to_\" attr.type=\"long\"/>\n",
          "  <graph id=\"toy\" edgedefault=\"directed\">\n",
          "    <node id=\"n0\"><data key=\"member\">0</data><data key=\"cause\">sampled</data>",
          "<data key=\"to\">3</data><data key=\"metric\">0.9</data><data key=\"best\">true</data>",
          "<data key=\"from\">3</data><data key=\"to\">3</data><data key=\"best\">false</data><data "
          "key=\"p0\">0.2</data>",
          "    <edge source=\"n0\" target=\"n1\"><data key=\"edge_cause\">exploit</data></edge>\n",
          "  </graph>\n</graphml>\n"}) {
        EXPECT_NE(text.find(expected), std::string::npos) << expected << " is not in\n" << text;
    }
}

TEST(GraphMl, TextsAreEscaped) {
    const auto text = graphml(awkward());
    EXPECT_NE(text.find("<data key=\"p1\">it's &quot;a&quot; &lt;b&gt; &amp; c</data>"), std::string::npos) << text;
    EXPECT_NE(text.find("<data key=\"metric\">INF</data>"), std::string::npos);
    EXPECT_EQ(text.find("<data key=\"p2\">"), std::string::npos) << "inactive";
}

}  // namespace
}  // namespace stemma::test
