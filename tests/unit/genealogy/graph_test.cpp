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

TEST(Newick, OneTreeARoot) { EXPECT_EQ(newick(family()), R"(('2 lr=0.2 optimiser=sgd to=4':3,('5 lr=0.15 optimiser=sgd to=4':3)'3 lr=0.15 optimiser=sgd to=4':3)'0 lr=0.1 optimiser=sgd to=4':6;
('4 lr=0.5 optimiser=sgd to=4':0)'1 lr=0.5 optimiser=sgd to=4':3;
)"); }

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
    EXPECT_EQ(graphml({{root(0.1, {{3, 0.9}}), child(0, 3, 0.2, {})}, false, {0}}), R"(<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="member" for="node" attr.name="member" attr.type="long"/>
  <key id="donor" for="node" attr.name="donor" attr.type="long"/>
  <key id="cause" for="node" attr.name="cause" attr.type="string"/>
  <key id="generation" for="node" attr.name="generation" attr.type="long"/>
  <key id="from" for="node" attr.name="from" attr.type="long"/>
  <key id="to" for="node" attr.name="to" attr.type="long"/>
  <key id="metric" for="node" attr.name="metric" attr.type="double"/>
  <key id="best" for="node" attr.name="best" attr.type="boolean"/>
  <key id="p0" for="node" attr.name="lr" attr.type="double"/>
  <key id="p1" for="node" attr.name="optimiser" attr.type="string"/>
  <key id="p2" for="node" attr.name="to_" attr.type="long"/>
  <key id="edge_cause" for="edge" attr.name="cause" attr.type="string"/>
  <graph id="toy" edgedefault="directed">
    <node id="n0"><data key="member">0</data><data key="cause">sampled</data><data key="generation">0</data><data key="from">0</data><data key="to">3</data><data key="metric">0.9</data><data key="best">true</data><data key="p0">0.1</data><data key="p1">sgd</data><data key="p2">4</data></node>
    <node id="n1"><data key="member">1</data><data key="cause">exploit</data><data key="generation">1</data><data key="from">3</data><data key="to">3</data><data key="best">false</data><data key="p0">0.2</data><data key="p1">sgd</data><data key="p2">4</data></node>
    <edge source="n0" target="n1"><data key="edge_cause">exploit</data></edge>
  </graph>
</graphml>
)");
}

TEST(GraphMl, TextsAreEscaped) {
    const auto text = graphml(awkward());
    EXPECT_NE(text.find("<data key=\"p1\">it's &quot;a&quot; &lt;b&gt; &amp; c</data>"), std::string::npos) << text;
    EXPECT_NE(text.find("<data key=\"metric\">INF</data>"), std::string::npos);
    EXPECT_EQ(text.find("<data key=\"p2\">"), std::string::npos) << "inactive";
}

}  // namespace
}  // namespace stemma::test
