#include <algorithm>
#include <cmath>
#include <map>

#include "app/job/readers.hpp"
#include "app/job/tables.hpp"
#include "space/decimal.hpp"
#include "space/wide.hpp"

namespace stemma {

namespace {

/// One parameter while it is being read.
struct Draft {
    Parameter parameter;
    std::string path;  ///< "space.lr"
    const Node* node = nullptr;
    bool good = false;  ///< its domain can be relied on
    Place place_of(std::string_view key) const {
        const Node* child = node->find(key);
        return child == nullptr ? node->place : child->place;
    }
};

using Index = std::map<std::string, std::size_t, std::less<>>;

bool name_is_good(const std::string& name) {
    constexpr std::size_t bytes_max = 100;
    return !name.empty() && name.size() <= bytes_max && std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
}

/// Values that a condition may name, or nullptr for numeric ranges.
std::vector<Literal> values_of(const Domain& domain) {
    if (const auto* categorical = std::get_if<Categorical>(&domain)) return categorical->choices;
    if (const auto* ordinal = std::get_if<Ordinal>(&domain)) return ordinal->levels;
    if (const auto* constant = std::get_if<Constant>(&domain)) return {constant->value};
    return {};
}

bool same_value(const Literal& a, const Literal& b) {
    const auto number = [](const Literal& literal) -> std::optional<double> {
        if (const auto* integer = std::get_if<std::int64_t>(&literal)) return static_cast<double>(*integer);
        if (const auto* real = std::get_if<double>(&literal)) return *real;
        return std::nullopt;
    };
    const auto x = number(a), y = number(b);
    return x && y ? *x == *y : a == b;
}

std::string list_text(const std::vector<Literal>& values) {
    constexpr std::size_t shown_max = 12;
    std::string out;
    for (std::size_t i = 0; i < values.size() && i < shown_max; ++i) {
        if (i > 0) out += ", ";
        const auto* text = std::get_if<std::string>(&values[i]);
        out += text != nullptr ? in_quotes(*text) : to_string(values[i]);
    }
    return values.size() > shown_max ? out + ", ..." : out;
}

// ---- domains ---------------------------------------------------------------------------------------------------

void check_scale(const Draft& draft, Scale scale, double low, double high, bool integer, Diagnostics& diagnostics) {
    const auto low_error = [&](const std::string& what) {
        diagnostics.error(draft.place_of("low"), draft.path + ".low",
                          what + "; got " + found(*draft.node->find("low")));
    };
    if (!(low < high)) {
        diagnostics.error(draft.place_of("high"), draft.path + ".high",
                          "must be > low; got " + found(*draft.node->find("high")) + " with low = " +
                              found(*draft.node->find("low")) + " (for a single value use type = \"constant\")");
    } else if (!std::isfinite(high - low)) {
        diagnostics.error(draft.place_of("high"), draft.path + ".high",
                          "is too far from low: the range does not fit a double");
    }
    if (scale == Scale::log && !(low > 0)) low_error("must be > 0 for scale = \"log\"");
    if (scale == Scale::logit && integer) {
        diagnostics.error(draft.place_of("scale"), draft.path + ".scale",
                          "must be \"linear\" or \"log\" for an integer; got \"logit\"");
    } else if (scale == Scale::logit) {
        if (!(low > 0)) low_error("must be > 0 for scale = \"logit\"");
        if (!(high < 1)) {
            diagnostics.error(draft.place_of("high"), draft.path + ".high",
                              "must be < 1 for scale = \"logit\"; got " + found(*draft.node->find("high")));
        }
    }
}

template <class T>
void check_step(const Draft& draft, std::optional<T> step, T low, T high, Diagnostics& diagnostics) {
    if (step && low<high&& * step> high - low) {
        diagnostics.error(draft.place_of("step"), draft.path + ".step",
                          "must not be larger than high - low; got " + found(*draft.node->find("step")));
    }
}

void check_values(const Draft& draft, const std::vector<Literal>& values, std::string_view key,
                  Diagnostics& diagnostics) {
    // Compared by their texts: the number 1 and the text "1" would look the same in every table and plot.
    std::map<std::string, std::size_t> seen;
    const auto& items = draft.node->find(key)->list();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto [before, fresh] = seen.emplace(to_string(values[i]), i);
        if (fresh) continue;
        const auto& other = items[before->second];
        diagnostics.error(items[i].place, draft.path + "." + std::string(key),
                          values[i] == values[before->second]
                              ? "has " + found(items[i]) + " twice"
                              : "has " + found(other) + " and " + found(items[i]) +
                                    ", which look the same in tables; give one of them another name");
    }
}

/// Even draws over several decades see the lower ones hardly ever.
void remark_on_scale(const Draft& draft, const Real& real, Diagnostics& diagnostics) {
    if (!spans_decades(real) || diagnostics.recorded()) return;
    const double tenth = real.low + (real.high - real.low) / 10;
    diagnostics.note(draft.node->place, draft.path + " from " + to_string(real.low) + " to " + to_string(real.high) +
                                            " is drawn uniformly: 90 % of the draws lie above " +
                                            to_string(round_decimal(tenth, 1 - decimal_exponent(tenth))) +
                                            "; did you mean scale = \"log\"?");
}

Domain domain_of(const ParameterText& text, const Draft& draft, Diagnostics& diagnostics) {
    switch (text.type) {
        case 0:
            check_scale(draft, text.scale, text.low, text.high, false, diagnostics);
            check_step(draft, text.step, text.low, text.high, diagnostics);
            return Real{text.low, text.high, text.scale, text.step};
        case 1:
            check_scale(draft, text.scale, static_cast<double>(text.integer_low),
                        static_cast<double>(text.integer_high), true, diagnostics);
            check_step(draft, text.integer_step, text.integer_low, text.integer_high, diagnostics);
            return Integer{text.integer_low, text.integer_high, text.scale, text.integer_step};
        case 2:
            check_values(draft, text.values, "choices", diagnostics);
            return Categorical{text.values};
        case 3:
            check_values(draft, text.values, "levels", diagnostics);
            return Ordinal{text.values};
        case 4:
            return Categorical{{false, true}};
        default:
            return Constant{*text.value};
    }
}

void check_default(const Draft& draft, const Literal& value, Diagnostics& diagnostics) {
    const auto refuse = [&](const std::string& allowed) {
        diagnostics.error(draft.place_of("default"), draft.path + ".default",
                          "must be " + allowed + "; got " + found(*draft.node->find("default")));
    };
    const auto& domain = draft.parameter.domain;
    const auto* integer_value = std::get_if<std::int64_t>(&value);
    if (const auto* real = std::get_if<Real>(&domain)) {
        const auto* real_value = std::get_if<double>(&value);
        const double number = real_value != nullptr      ? *real_value
                              : integer_value != nullptr ? static_cast<double>(*integer_value)
                                                         : std::nan("");
        if (!(number >= real->low && number <= real->high)) refuse("a number between low and high");
    } else if (const auto* integer = std::get_if<Integer>(&domain)) {
        if (integer_value == nullptr || *integer_value < integer->low || *integer_value > integer->high) {
            refuse("an integer between low and high");
        }
    } else {
        const auto values = values_of(domain);
        const bool known =
            std::any_of(values.begin(), values.end(), [&](const Literal& v) { return same_value(v, value); });
        if (!known) refuse("one of " + list_text(values));
    }
}

// ---- conditions ------------------------------------------------------------------------------------------------

/// `entry` is `parameter = value or list of values`. Nothing, with an error, when it is no condition.
std::optional<Condition> read_condition(const TableEntry& entry, const std::string& path,
                                        const std::vector<Draft>& drafts, const Index& index,
                                        Diagnostics& diagnostics) {
    const std::string full = join_path(path, entry.key);
    const auto at = index.find(entry.key);
    if (at == index.end()) {
        std::vector<std::string> names;
        if (!diagnostics.full()) {
            for (const auto& draft : drafts) names.push_back(draft.parameter.name);
        }
        diagnostics.error(entry.place, full, "names no parameter of [space]" + suggestion(entry.key, names));
        return std::nullopt;
    }
    const Draft& other = drafts[at->second];
    if (!other.good) return std::nullopt;  // its own error says enough
    const auto values = values_of(other.parameter.domain);
    if (values.empty()) {
        diagnostics.error(entry.place, full,
                          "names a parameter with a numeric range; only categorical, ordinal, boolean and "
                          "constant ones can be a condition");
        return std::nullopt;
    }
    const NodeList single{entry.value};
    const NodeList& items = entry.value.is_list() ? entry.value.list() : single;
    Condition condition{at->second, {}};
    for (const auto& item : items) {
        Literal literal;
        const bool scalar = to_literal(item, literal);
        const auto match = std::find_if(values.begin(), values.end(),
                                        [&](const Literal& value) { return scalar && same_value(value, literal); });
        if (match == values.end()) {
            std::vector<std::string> names;
            for (const auto& value : values) names.push_back(to_string(value));
            const auto* word = std::get_if<std::string>(&item.value);
            diagnostics.error(item.place, full,
                              "must be among " + list_text(values) + "; got " + found(item) +
                                  (word != nullptr ? suggestion(*word, names) : ""));
            return std::nullopt;
        }
        condition.any_of.push_back(static_cast<std::uint32_t>(match - values.begin()));
    }
    if (condition.any_of.empty()) {
        diagnostics.error(entry.value.place, full,
                          "must be one or more of " + list_text(values) + "; got an empty list");
        return std::nullopt;
    }
    std::sort(condition.any_of.begin(), condition.any_of.end());
    condition.any_of.erase(std::unique(condition.any_of.begin(), condition.any_of.end()), condition.any_of.end());
    return condition;
}

void read_when(std::size_t own, std::vector<Draft>& drafts, const Node& when, const Index& index,
               Diagnostics& diagnostics) {
    Draft& draft = drafts[own];
    const std::string path = draft.path + ".when";
    if (when.table().empty())
        diagnostics.error(when.place, path, "is empty; leave it out if the parameter is always active");
    for (const auto& entry : when.table()) {
        const auto at = index.find(entry.key);
        if (at != index.end() && at->second >= own) {
            diagnostics.error(entry.place, join_path(path, entry.key),
                              at->second == own ? "names the parameter itself"
                                                : "names a parameter that stands later in the file; move it before " +
                                                      in_quotes(draft.parameter.name));
            continue;
        }
        if (auto condition = read_condition(entry, path, drafts, index, diagnostics)) {
            draft.parameter.when.push_back(std::move(*condition));
        }
    }
}

std::vector<Forbidden> read_forbidden(const Node& root, const std::vector<Draft>& drafts, const Index& index,
                                      Diagnostics& diagnostics) {
    std::vector<Forbidden> out;
    const Node* list = root.find("forbidden");
    if (list == nullptr) return out;
    const Key key{.name = "forbidden", .type = KeyType::table_list};
    if (list->is_table()) {
        diagnostics.error(list->place, "forbidden", "must be a list of tables: write [[forbidden]], with two brackets");
        return out;
    }
    if (!check_value(key, *list, "forbidden", diagnostics)) return out;
    for (const auto& clause : list->list()) {
        Forbidden forbidden;
        if (clause.table().empty())
            diagnostics.error(clause.place, "forbidden", "is empty; name at least one parameter = value");
        for (const auto& entry : clause.table()) {
            if (auto condition = read_condition(entry, "forbidden", drafts, index, diagnostics)) {
                forbidden.all_of.push_back(std::move(*condition));
            }
        }
        out.push_back(std::move(forbidden));
    }
    return out;
}

Draft read_parameter(const Node& root, const TableEntry& entry, const std::vector<Field<ParameterText>>& fields,
                     const Node*& when, Diagnostics& diagnostics) {
    Draft draft;
    draft.parameter.name = entry.key;
    draft.parameter.where = diagnostics.where(entry.place);
    draft.path = join_path("space", entry.key);
    draft.node = &entry.value;
    const auto errors_before = diagnostics.count();
    if (!name_is_good(entry.key)) {
        diagnostics.error(entry.place, draft.path, "must be a name of 1 .. 100 bytes without control characters");
    }
    if (!entry.value.is_table() || entry.value.find("type") == nullptr) {
        const bool table = entry.value.is_table();
        diagnostics.error(table ? entry.place : entry.value.place, table ? draft.path + ".type" : draft.path,
                          (table ? std::string("is missing") : "must be a table; got " + found(entry.value)) +
                              "; write " + example_of(entry.key, entry.value));
        when = nullptr;
        return draft;
    }
    ParameterText text;
    read_section(fields, &entry.value, draft.path, entry.place, text, diagnostics);
    const Node* condition = entry.value.find("when");
    when = condition != nullptr && condition->is_table() ? condition : nullptr;
    if (diagnostics.count() != errors_before) return draft;
    draft.parameter.domain = domain_of(text, draft, diagnostics);
    if (const auto* real = std::get_if<Real>(&draft.parameter.domain)) remark_on_scale(draft, *real, diagnostics);
    draft.parameter.role = text.role    ? static_cast<Role>(*text.role)
                           : text.value ? Role::fixed
                                        : default_role(root, entry.key);
    draft.parameter.default_value = text.default_value;
    if (text.default_value && diagnostics.count() == errors_before)
        check_default(draft, *text.default_value, diagnostics);
    draft.good = diagnostics.count() == errors_before;
    return draft;
}

}  // namespace

std::shared_ptr<const SearchSpace> read_space(const Node& root, Diagnostics& diagnostics) {
    const auto errors_before = diagnostics.count();
    const Node* space = root.find("space");
    if (space == nullptr || (space->is_table() && space->table().empty())) {
        diagnostics.error(space == nullptr ? Place{} : space->place, "space",
                          "has no parameters; give at least one, such as [space.lr] with type, low and high");
        return nullptr;
    }
    if (!space->is_table()) {
        diagnostics.error(space->place, "space", "must be tables such as [space.lr]; got " + found(*space));
        return nullptr;
    }
    const auto fields = parameter_fields();
    std::vector<Draft> drafts;
    std::vector<const Node*> when(space->table().size());
    Index index;
    for (const auto& entry : space->table()) {
        index.emplace(entry.key, drafts.size());
        auto& own_when = when[drafts.size()];
        drafts.push_back(read_parameter(root, entry, fields, own_when, diagnostics));
    }
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        if (when[i] != nullptr) read_when(i, drafts, *when[i], index, diagnostics);
    }
    auto forbidden = read_forbidden(root, drafts, index, diagnostics);
    if (diagnostics.count() != errors_before) return nullptr;
    std::vector<Parameter> parameters;
    for (auto& draft : drafts) parameters.push_back(std::move(draft.parameter));
    try {
        return std::make_shared<const SearchSpace>(std::move(parameters), std::move(forbidden));
    } catch (const UserError& error) {
        diagnostics.error(space->place, "space", std::string("is refused: ") + error.what());
        return nullptr;
    }
}

}  // namespace stemma
