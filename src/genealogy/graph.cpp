#include "genealogy/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "core/printable.hpp"

namespace stemma {

namespace {

// ---- Newick ------------------------------------------------------------------------------------------------------

/// In quotes anything goes but the quote, which is doubled. There is no way to write control characters.
std::string newick_label(std::string_view text) {
    std::string label = "'";
    for (const char c : printable_line(text)) {
        if (c == '\'') label += '\'';
        label += c;
    }
    return label + "'";
}

std::string newick_node(const Genealogy& genealogy, MemberId id, const GenealogyNames& names) {
    const auto& member = genealogy[id];
    const auto described = names.space->describe(member.configuration);
    const auto label = described.empty() ? std::to_string(id.value) : fmt::format("{} {}", id.value, described);
    return fmt::format("{}:{}", newick_label(label), member.reached() - member.from);
}

// ---- GraphML -----------------------------------------------------------------------------------------------------

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// XML 1.0 has no way to write most control characters: they become U+FFFD.
std::string xml(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\t':
            case '\n':
            case '\r':
                out += fmt::format("&#{};", static_cast<int>(c));
                break;
            default:
                out += static_cast<unsigned char>(c) < 0x20 ? std::string(replacement) : std::string(1, c);
        }
    }
    return out;
}

std::string real_text(double value) {
    if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
    return fmt::format("{}", value);
}

std::string_view xml_type(const Domain& domain) {
    if (std::holds_alternative<Real>(domain)) return "double";
    return std::holds_alternative<Integer>(domain) ? "long" : "string";
}

void key(std::ostream& out, std::string_view id, std::string_view of, std::string_view name, std::string_view type) {
    out << fmt::format("  <key id=\"{}\" for=\"{}\" attr.name=\"{}\" attr.type=\"{}\"/>\n", id, of, xml(name), type);
}

constexpr std::string_view node_keys[][2] = {{"member", "long"},     {"donor", "long"},  {"cause", "string"},
                                             {"generation", "long"}, {"from", "long"},   {"to", "long"},
                                             {"metric", "double"},   {"best", "boolean"}};

void graphml_keys(const SearchSpace& space, std::ostream& out) {
    std::vector<std::string> taken;
    for (const auto& [name, type] : node_keys) {
        key(out, name, "node", name, type);
        taken.emplace_back(name);
    }
    for (std::size_t p = 0; p < space.size(); ++p) {
        auto name = space[p].name;
        while (std::find(taken.begin(), taken.end(), name) != taken.end()) name += "_";
        key(out, fmt::format("p{}", p), "node", name, xml_type(space[p].domain));
        taken.push_back(name);
    }
    key(out, "edge_cause", "edge", "cause", "string");
}

void data(std::string& text, std::string_view id, std::string_view value) {
    text += fmt::format("<data key=\"{}\">{}</data>", id, value);
}

std::string graphml_node(const Genealogy& genealogy, MemberId id, const SearchSpace& space) {
    const auto& member = genealogy[id];
    auto text = fmt::format("    <node id=\"n{}\">", id.value);
    data(text, "member", std::to_string(id.value));
    if (member.donor.exists()) data(text, "donor", std::to_string(member.donor.value));
    data(text, "cause", cause_text(member.cause));
    data(text, "generation", std::to_string(member.generation));
    data(text, "from", std::to_string(member.from));
    data(text, "to", std::to_string(member.reached()));
    if (!std::isnan(member.metric())) data(text, "metric", real_text(member.metric()));
    data(text, "best", id == genealogy.best() ? "true" : "false");
    for (std::size_t p = 0; p < space.size(); ++p) {
        const auto literal = space.literal(p, member.configuration[p]);
        if (!literal) continue;
        const auto* real = std::get_if<double>(&*literal);
        data(text, fmt::format("p{}", p), real ? real_text(*real) : xml(to_string(*literal)));
    }
    return text + "</node>\n";
}

}  // namespace

void write_newick(const Genealogy& genealogy, const GenealogyNames& names, std::ostream& out) {
    struct Open {
        MemberId member;
        std::size_t next = 0;  ///< child to write next
    };
    for (const auto root : genealogy.roots()) {
        // Lineages may be as long as the run: no recursion.
        std::vector<Open> open = {{root}};
        while (!open.empty()) {
            auto& top = open.back();
            const auto children = genealogy.children(top.member);
            if (top.next < children.size()) {
                out << (top.next == 0 ? '(' : ',');
                const auto child = children[top.next++];
                open.push_back({child});
                continue;
            }
            if (!children.empty()) out << ')';
            out << newick_node(genealogy, top.member, names);
            open.pop_back();
        }
        out << ";\n";
    }
}

void write_graphml(const Genealogy& genealogy, const GenealogyNames& names, std::ostream& out) {
    out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n";
    graphml_keys(*names.space, out);
    out << fmt::format("  <graph id=\"{}\" edgedefault=\"directed\">\n", xml(names.run));
    for (std::size_t i = 0; i < genealogy.size(); ++i) out << graphml_node(genealogy, {i}, *names.space);
    for (std::size_t i = 0; i < genealogy.size(); ++i) {
        const auto& member = genealogy[{i}];
        if (!member.parent.exists()) continue;
        out << fmt::format("    <edge source=\"n{}\" target=\"n{}\"><data key=\"edge_cause\">{}</data></edge>\n",
                           member.parent.value, i, cause_text(member.cause));
    }
    out << "  </graph>\n</graphml>\n";
}

}  // namespace stemma
