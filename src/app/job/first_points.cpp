#include <algorithm>
#include <optional>

#include "app/job/readers.hpp"
#include "app/job/section.hpp"
#include "space/schedule_keys.hpp"

namespace stemma {

namespace {

/// A configuration from a table of parameter = value. `keys`: what the parameters are called there, in their order.
std::optional<Configuration> read_configuration(const NodeTable& table, const Place& place, const std::string& path,
                                                const SearchSpace& space, const std::vector<std::string>& keys,
                                                Diagnostics& diagnostics) {
    std::vector<std::pair<std::string, Literal>> values;
    bool good = true;
    for (const auto& entry : table) {
        const auto found_key = std::find(keys.begin(), keys.end(), entry.key);
        Literal literal;
        if (found_key == keys.end()) {
            diagnostics.error(entry.place, join_path(path, entry.key),
                              "names no parameter of [space]" + suggestion(entry.key, keys));
            good = false;
        } else if (!to_literal(entry.value, literal)) {
            diagnostics.error(entry.value.place, join_path(path, entry.key),
                              "must be a number, a text, true or false; got " + found(entry.value));
            good = false;
        } else {
            const auto index = static_cast<std::size_t>(found_key - keys.begin());
            values.emplace_back(space[index].name, std::move(literal));
        }
    }
    if (!good) return std::nullopt;
    try {
        return space.from_literals(values);
    } catch (const UserError& error) {
        diagnostics.error(place, path, std::string("is refused: ") + error.what());
        return std::nullopt;
    }
}

}  // namespace

std::vector<Configuration> read_first_points(const Node& root, const SearchSpace& space, Diagnostics& diagnostics) {
    std::vector<Configuration> out;
    const Node* sampler = root.find("sampler");
    const Node* points = sampler == nullptr ? nullptr : sampler->find("first");
    if (points == nullptr || !points->is_list()) return out;
    std::vector<std::string> names;
    for (const auto& parameter : space.parameters()) names.push_back(parameter.name);
    for (const auto& point : points->list()) {
        if (!point.is_table()) continue;  // reported with the section
        if (auto read = read_configuration(point.table(), point.place, "sampler.first", space, names, diagnostics))
            out.push_back(*std::move(read));
    }
    return out;
}

void read_schedule(const Node& root, Job& job, Diagnostics& diagnostics) {
    const Node* list = root.find("schedule");
    const bool scheduled = job.scheduler.scheduled();
    if (list == nullptr) {
        if (scheduled) {
            diagnostics.error(
                place_of(root, {"scheduler", "type"}), "schedule",
                "is missing: scheduler.type = \"schedule\" trains by tables [[schedule]]; `stemma schedule "
                "RUN.h5 --best --toml` writes them");
        }
        return;
    }
    if (!scheduled) {
        diagnostics.error(list->place, "schedule", "is used only with scheduler.type = \"schedule\"; remove it");
        return;
    }
    const Key key{.name = "schedule", .type = KeyType::table_list};
    if (!check_value(key, *list, "schedule", diagnostics) || job.space == nullptr) return;
    const auto keys = schedule_keys(*job.space);
    const Key end{.name = "to", .type = KeyType::integer, .range = {1, 1e15}};
    std::vector<Resource> ends;
    for (const auto& stage : list->list()) {
        NodeTable values;
        const Node* to = nullptr;
        for (const auto& entry : stage.table()) {
            if (entry.key == "to") {
                to = &entry.value;
            } else {
                values.push_back(entry);
            }
        }
        if (to == nullptr) diagnostics.error(stage.place, "schedule.to", "is missing: where this stage ends");
        const auto checked = to == nullptr ? std::nullopt : check_value(end, *to, "schedule.to", diagnostics);
        auto read = read_configuration(values, stage.place, "schedule", *job.space, keys, diagnostics);
        if (!checked || !read) continue;
        const auto resource = static_cast<Resource>(std::get<std::int64_t>(checked->value));
        if (!ends.empty() && resource <= ends.back()) {
            diagnostics.error(to->place, "schedule.to",
                              "must be more than where the stage before ends; got " + std::to_string(resource));
        }
        ends.push_back(resource);
        job.scheduler.stages.push_back(*std::move(read));
    }
    if (!ends.empty()) job.scheduler.max = ends.back();
    job.scheduler.type->take_stages(job.scheduler.settings, std::move(ends));
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
                "has defaults that together (with the center of the other ranges) make no allowed configuration: ") +
                error.what());
    }
}

}  // namespace stemma
