#include "space/json.hpp"

#include <nlohmann/json.hpp>

#include "space/text.hpp"

namespace stemma {
namespace {

using Json = nlohmann::ordered_json;

Json to_json_value(const Literal& literal) {
    return std::visit([](const auto& value) { return Json(value); }, literal);
}

template <class T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json conditions_json(const SearchSpace& space, std::span<const Condition> conditions) {
    auto list = Json::array();
    for (const auto& condition : conditions) {
        auto values = Json::array();
        for (const auto index : condition.any_of)
            values.push_back(to_json_value(choices(space[condition.parameter].domain)[index]));
        list.push_back({{"parameter", space[condition.parameter].name}, {"any_of", std::move(values)}});
    }
    return list;
}

template <class Range>
void put_range(Json& json, const Range& range) {
    json["low"] = range.low;
    json["high"] = range.high;
    json["scale"] = name_of(range.scale);
    json["step"] = or_null(range.step);
}

Json parameter_json(const SearchSpace& space, const Parameter& parameter) {
    Json json = {{"name", parameter.name}, {"type", kind_of(parameter.domain)}, {"role", name_of(parameter.role)}};
    if (const auto* real = std::get_if<Real>(&parameter.domain)) {
        put_range(json, *real);
    } else if (const auto* integer = std::get_if<Integer>(&parameter.domain)) {
        put_range(json, *integer);
    } else {
        json["choices"] = Json::array();
        for (const auto& choice : choices(parameter.domain)) json["choices"].push_back(to_json_value(choice));
    }
    json["default"] = parameter.default_value ? to_json_value(*parameter.default_value) : Json(nullptr);
    json["when"] = conditions_json(space, parameter.when);
    return json;
}

}  // namespace

std::string space_json(const SearchSpace& space) {
    Json json = {{"parameters", Json::array()}, {"forbidden", Json::array()}};
    for (const auto& parameter : space.parameters()) json["parameters"].push_back(parameter_json(space, parameter));
    for (const auto& clause : space.forbidden()) json["forbidden"].push_back(conditions_json(space, clause.all_of));
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace stemma
