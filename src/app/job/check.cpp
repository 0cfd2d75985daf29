#include <algorithm>
#include <array>

#include "app/job/section.hpp"

namespace stemma {

namespace {

/// Look-ups among choices are linear.
constexpr std::size_t literals_max = 10'000;

/// The words of a text as a list: ["python3", "train.py"].
std::string as_list(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (!word.empty()) out += (out.empty() ? "" : ", ") + in_quotes(word);
    }
    return "[" + out + "]";
}

std::optional<Checked> check_literals(const Key& key, const Node& node, const std::string& path,
                                      Diagnostics& diagnostics) {
    if (!node.is_list() || node.list().empty()) {
        const auto* text = std::get_if<std::string>(&node.value);
        diagnostics.error(node.place, path,
                          "must be " + allowed_text(key) + "; got " + (node.is_list() ? "an empty list" : found(node)) +
                              (text == nullptr ? "" : "; write " + as_list(*text)));
        return std::nullopt;
    }
    if (node.list().size() > literals_max) {
        diagnostics.error(node.place, path,
                          "must have at most " + std::to_string(literals_max) + " items; got " +
                              std::to_string(node.list().size()) + " (an integer parameter has no such limit)");
        return std::nullopt;
    }
    Checked checked{.node = &node};
    for (const auto& item : node.list()) {
        Literal literal;
        if (!to_literal(item, literal) || !check_value(key, literal)) {
            diagnostics.error(item.place, path,
                              key.item == KeyType::literal
                                  ? "must hold finite numbers, texts, true or false; got " + found(item)
                                  : "must be " + allowed_text(key) + "; got " + found(item));
            return std::nullopt;
        }
        checked.list.push_back(std::move(literal));
    }
    return checked;
}

struct ForeignKey {
    std::string_view section, name, here;
};

/// Names that other tools have for the same.
constexpr std::array<ForeignKey, 20> foreign_keys{{
    {"scheduler", "grace_period", "its name is min"},
    {"scheduler", "min_budget", "its name is min"},
    {"scheduler", "min_t", "its name is min"},
    {"scheduler", "min_resource", "its name is min"},
    {"scheduler", "max_t", "its name is max"},
    {"scheduler", "max_budget", "its name is max"},
    {"scheduler", "max_resource", "its name is max"},
    {"scheduler", "max_iter", "its name is max"},
    {"scheduler", "reduction_factor", "its name is eta"},
    {"scheduler", "perturbation_interval", "its name is interval"},
    {"scheduler", "population_size", "its name is population"},
    {"scheduler", "num_samples", "it is run.budget = { members = N }"},
    {"run", "n_trials", "it is run.budget = { members = N }"},
    {"run", "num_samples", "it is run.budget = { members = N }"},
    {"run", "timeout", "it is run.budget = { wall_time = \"2h\" }"},
    {"run.budget", "n_trials", "its name is members"},
    {"run.budget", "trials", "its name is members"},
    {"run.budget", "num_samples", "its name is members"},
    {"workers", "number", "the number of workers is given at the start: stemma run -n 4, or mpirun -n 5"},
    {"workers", "count", "the number of workers is given at the start: stemma run -n 4, or mpirun -n 5"},
}};

std::string called_here(std::string_view section, std::string_view name) {
    const auto is_it = [&](const ForeignKey& key) { return key.section == section && key.name == name; };
    const auto found = std::ranges::find_if(foreign_keys, is_it);
    return found == foreign_keys.end() ? "" : std::string(found->here);
}

/// The key of that name which has a meaning for this type, otherwise any key of that name, otherwise nothing.
std::optional<std::size_t> find_key(const std::vector<const Key*>& keys, std::string_view name,
                                    const SectionShape& shape) {
    std::optional<std::size_t> found_one;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i]->name != name) continue;
        if (keys[i]->applies(shape.selector)) return i;
        if (!found_one) found_one = i;
    }
    return found_one;
}

void report_unknown(const std::vector<const Key*>& keys, const TableEntry& entry, const SectionShape& shape,
                    const std::string& path, Diagnostics& diagnostics) {
    if (diagnostics.full()) return diagnostics.error(entry.place, path, "");
    std::vector<std::string> names;
    for (const auto* key : keys) {
        const bool listed = std::find(names.begin(), names.end(), key->name) != names.end();
        if (!listed && (!shape.certain || key->applies(shape.selector))) names.push_back(key->name);
    }
    if (const auto meant = called_here(shape.path, entry.key); !meant.empty()) {
        diagnostics.error(entry.place, path, "is not a key of [" + shape.path + "]: " + meant);
        return;
    }
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    const std::string of = shape.selector.empty() ? "" : " with type = " + in_quotes(shape.selector);
    const std::string known = names.empty() ? "it has no keys" : "known: " + list;
    diagnostics.error(entry.place, path,
                      "is not a key of [" + shape.path + "]" + of + suggestion(entry.key, names) + "; " + known);
}

/// What to write instead of a text that the key does not take.
std::string remedy(const Key& key, std::string_view path, const std::string& text) {
    if (path == "workers.device" && text == "GPU") return " (did you mean \"gpu\"?)";
    if (path == "workers.device" && (text == "rocm" || text == "hip")) return " (LibTorch calls AMD's GPUs \"cuda\")";
    if (!key.allowed.empty()) return suggestion(text, key.allowed);
    return "";
}

/// True if the key of that name which applies was given.
bool given(const Node* table, const std::string& name) { return table != nullptr && table->find(name) != nullptr; }

}  // namespace

std::optional<Checked> check_value(const Key& key, const Node& node, const std::string& path,
                                   Diagnostics& diagnostics) {
    if (key.type == KeyType::literals) return check_literals(key, node, path, diagnostics);
    Checked whole{.node = &node};
    if (key.type == KeyType::table && node.is_table()) return whole;
    const auto is_table = [](const Node& item) { return item.is_table(); };
    if (key.type == KeyType::table_list && node.is_list() && std::ranges::all_of(node.list(), is_table)) return whole;
    Literal literal;
    if (to_literal(node, literal)) {
        if (auto checked = check_value(key, literal)) {
            checked->node = &node;
            return checked;
        }
    }
    const auto* text = std::get_if<std::string>(&node.value);
    diagnostics.error(
        node.place, path,
        "must be " + allowed_text(key) + "; got " + found(node) + (text == nullptr ? "" : remedy(key, path, *text)));
    return std::nullopt;
}

std::optional<Checked> absent_value(const Key& key, const Diagnostics& diagnostics) {
    if (!diagnostics.recorded() || key.before.empty()) return default_of(key);
    Key then = key;
    then.default_text = key.before;
    return default_of(then);
}

SectionShape shape_of(std::string path, const Key& selector, const Node* table, const Diagnostics& diagnostics) {
    const Node* given = table == nullptr ? nullptr : table->find("type");
    if (given == nullptr) {
        const bool then = diagnostics.recorded() && !selector.before.empty();
        const auto& absent = then ? selector.before : selector.default_text;
        return {std::move(path), absent, !absent.empty()};
    }
    const auto* text = std::get_if<std::string>(&given->value);
    const bool known =
        text != nullptr && std::find(selector.allowed.begin(), selector.allowed.end(), *text) != selector.allowed.end();
    return {std::move(path), known ? *text : "", known};
}

void check_section(const std::vector<const Key*>& keys, const Node* table, const SectionShape& shape, Place place,
                   Diagnostics& diagnostics, const std::function<void(std::size_t, const Checked&)>& store) {
    if (table != nullptr && !table->is_table()) {
        diagnostics.error(table->place, shape.path, "must be a table ([" + shape.path + "]); got " + found(*table));
        return;
    }
    if (table != nullptr) {
        for (const auto& entry : table->table()) {
            const std::string path = join_path(shape.path, entry.key);
            const auto index = find_key(keys, entry.key, shape);
            if (!index) {
                report_unknown(keys, entry, shape, path, diagnostics);
                continue;
            }
            const Key& key = *keys[*index];
            if (!key.applies(shape.selector)) {
                if (!shape.certain) continue;
                diagnostics.error(entry.place, path,
                                  "has no meaning with type = " + in_quotes(shape.selector) + ", only with " +
                                      alternatives(key.only_for) + "; remove it");
                continue;
            }
            if (const auto checked = check_value(key, entry.value, path, diagnostics)) store(*index, *checked);
        }
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Key& key = *keys[i];
        if (given(table, key.name) || !key.applies(shape.selector)) continue;
        if (const auto value = absent_value(key, diagnostics)) {
            store(i, *value);
        } else if (key.required && (shape.certain || key.name == "type")) {
            diagnostics.error(place, shape.path + "." + key.name, "is missing; give " + allowed_text(key));
        }
    }
}

}  // namespace stemma
