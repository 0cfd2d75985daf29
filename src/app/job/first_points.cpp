#include <algorithm>

#include "app/job/readers.hpp"

namespace stemma {

std::vector<Configuration> read_first_points(const Node& root, const SearchSpace& space, Diagnostics& diagnostics) {
    std::vector<Configuration> out;
    const Node* sampler = root.find("sampler");
    const Node* points = sampler == nullptr ? nullptr : sampler->find("first");
    if (points == nullptr || !points->is_list()) return out;
    std::vector<std::string> names;
    for (const auto& parameter : space.parameters()) names.push_back(parameter.name);
    for (const auto& point : points->list()) {
        if (!point.is_table()) continue;  // reported with the section
        std::vector<std::pair<std::string, Literal>> values;
        bool good = true;
        for (const auto& entry : point.table()) {
            const std::string path = join_path("sampler.first", entry.key);
            Literal literal;
            if (!space.find(entry.key)) {
                diagnostics.error(entry.place, path, "names no parameter of [space]" + suggestion(entry.key, names));
                good = false;
            } else if (!to_literal(entry.value, literal)) {
                diagnostics.error(entry.value.place, path,
                                  "must be a number, a text, true or false; got " + found(entry.value));
                good = false;
            } else {
                values.emplace_back(entry.key, std::move(literal));
            }
        }
        if (!good) continue;
        try {
            out.push_back(space.from_literals(values));
        } catch (const UserError& error) {
            diagnostics.error(point.place, "sampler.first", std::string("is refused: ") + error.what());
        }
    }
    return out;
}

void add_default_point(const Node& root, const SearchSpace& space, std::vector<Configuration>& points,
                       Diagnostics& diagnostics) {
    const auto parameters = space.parameters();
    const bool any = std::any_of(parameters.begin(), parameters.end(),
                                 [](const Parameter& p) { return p.default_value.has_value(); });
    if (!any) return;
    try {
        auto point = space.from_literals({});
        if (std::find(points.begin(), points.end(), point) == points.end()) points.push_back(std::move(point));
    } catch (const UserError& error) {
        diagnostics.error(
            place_of(root, {"space"}), "space",
            std::string(
                "has defaults that together (with the centre of the other ranges) make no allowed configuration: ") +
                error.what());
    }
}

}  // namespace stemma
