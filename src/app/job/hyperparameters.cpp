// [trainer]: settings, hyperparameters fixed there, and whether the space asks for what the trainer understands.

#include <algorithm>

#include "app/job/readers.hpp"
#include "app/job/tables.hpp"

namespace stemma {

namespace {

/// What one pass over [trainer] and [space] needs to know.
struct Reading {
    const Node* space = nullptr;           ///< [space], or nullptr
    const Node* trainer = nullptr;         ///< [trainer], or nullptr
    std::map<std::string, Literal> given;  ///< hyperparameters fixed in [trainer]
    std::vector<Hyperparameter> known;
    std::string model;
    bool searched(const std::string& name) const { return space != nullptr && space->find(name) != nullptr; }
};

const Hyperparameter* find(const Reading& reading, std::string_view name) {
    const auto at = std::find_if(reading.known.begin(), reading.known.end(),
                                 [&](const Hyperparameter& one) { return one.key.name == name; });
    return at == reading.known.end() ? nullptr : &*at;
}

/// The values that `selector` ("model", "optimizer", "schedule") can have in this job; empty if they are not known.
std::vector<std::string> possible_values(const Reading& reading, const std::string& selector) {
    if (selector == "model") return {reading.model};
    if (const Node* parameter = reading.space == nullptr ? nullptr : reading.space->find(selector)) {
        std::vector<std::string> out;
        const auto add = [&](const Node& node) {
            if (const auto* text = std::get_if<std::string>(&node.value)) out.push_back(*text);
        };
        for (const auto key : {"choices", "levels"}) {
            const Node* list = parameter->find(key);
            if (list != nullptr && list->is_list()) std::for_each(list->list().begin(), list->list().end(), add);
        }
        if (const Node* value = parameter->find("value")) add(*value);
        return out;
    }
    const auto at = reading.given.find(selector);
    if (at != reading.given.end()) return {std::get<std::string>(at->second)};
    return {find(reading, selector)->key.default_text};
}

bool of_use(const Reading& reading, const Hyperparameter& one) {
    if (one.needs.empty()) return true;
    const auto values = possible_values(reading, one.needs);
    if (values.empty()) return true;
    return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
        return std::find(one.needs_values.begin(), one.needs_values.end(), value) != one.needs_values.end();
    });
}

/// Is a hyperparameter named in [trainer] or [space] at `place` of use, and is it given only once?
void check_use(const Reading& reading, const Hyperparameter& one, Place place, const std::string& path, bool in_space,
               Diagnostics& diagnostics) {
    if (!of_use(reading, one)) {
        const auto values = possible_values(reading, one.needs);
        diagnostics.error(place, path,
                          "is used only with " + one.needs + " = " + alternatives(one.needs_values) + "; here it is " +
                              alternatives(values) + "; remove it or change " + one.needs);
    }
    if (!in_space && reading.searched(one.key.name)) {
        diagnostics.error(place, path, "is a parameter of [space] too; give it in one place");
    }
    if (one.other_form.empty()) return;
    const bool other_given = reading.given.count(one.other_form) > 0 || reading.searched(one.other_form);
    if (other_given && one.key.name < one.other_form) {
        diagnostics.error(place, path, "and " + one.other_form + " are the same number; give one of them");
    }
}

/// A parameter of the space against what the trainer takes under that name.
void check_domain(const Hyperparameter& one, const Node& parameter, const std::string& path, Diagnostics& diagnostics) {
    const auto* type = parameter.find("type");
    const auto* type_name = type == nullptr ? nullptr : std::get_if<std::string>(&type->value);
    if (one.key.type == KeyType::integer && type_name != nullptr && *type_name == "real") {
        diagnostics.error(type->place, path + ".type",
                          "must be \"integer\" (or a list of integers): the trainer takes whole numbers");
        return;
    }
    const bool numeric = one.key.type == KeyType::integer || one.key.type == KeyType::number;
    if (type_name != nullptr && !numeric && (*type_name == "real" || *type_name == "integer")) {
        diagnostics.error(type->place, path + ".type",
                          std::string("must be ") +
                              (one.key.type == KeyType::boolean ? "\"boolean\"" : "\"categorical\"") +
                              ": the trainer takes " + allowed_text(one.key));
        return;
    }
    if (type_name != nullptr && *type_name == "boolean" && one.key.type != KeyType::boolean) {
        diagnostics.error(type->place, path + ".type",
                          "must not be \"boolean\": the trainer takes " + allowed_text(one.key));
    }
    for (const auto key : {"low", "high", "value"}) {
        if (const Node* node = parameter.find(key); node != nullptr && !diagnostics.blamed(path + "." + key)) {
            check_value(one.key, *node, path + "." + key, diagnostics);
        }
    }
    for (const auto key : {"choices", "levels"}) {
        const Node* list = parameter.find(key);
        if (list == nullptr || !list->is_list()) continue;
        for (const auto& item : list->list()) check_value(one.key, item, path + "." + key, diagnostics);
    }
}

void check_space(const Reading& reading, Diagnostics& diagnostics) {
    std::vector<std::string> names;
    for (const auto& one : reading.known) names.push_back(one.key.name);
    for (const auto& entry : reading.space->table()) {
        const std::string path = join_path("space", entry.key);
        const auto* one = find(reading, entry.key);
        if (one == nullptr) {
            diagnostics.error(entry.place, path,
                              "is nothing that trainer.type = \"torch\" understands" + suggestion(entry.key, names) +
                                  "; `stemma check --explain trainer.torch` lists what it does");
            continue;
        }
        check_use(reading, *one, entry.place, path, true, diagnostics);
        if (entry.value.is_table()) check_domain(*one, entry.value, path, diagnostics);
    }
}

bool changes_in_training(std::string_view name) {
    const auto known = hyperparameters();
    return std::ranges::none_of(known, [&](const auto& one) { return one.key.name == name && one.structural; });
}

bool moves(std::string_view role) { return role == "hypergradient" || role == "mutable_hypergradient"; }

void check_roles(const Node& space, std::string_view trainer, Diagnostics& diagnostics) {
    for (const auto& entry : space.table()) {
        const Node* role = entry.value.find("role");
        const auto* text = role == nullptr ? nullptr : std::get_if<std::string>(&role->value);
        if (text == nullptr) continue;
        if (*text == "mutable" && trainer == "torch" && !changes_in_training(entry.key)) {
            diagnostics.error(role->place, join_path("space", entry.key) + ".role",
                              "must be \"fixed\": trained weights cannot go on with another value");
        }
        if (!moves(*text) || trainer == "torch" || trainer == "task") continue;
        diagnostics.error(role->place, join_path("space", entry.key) + ".role",
                          "is " + in_quotes(*text) + ", which trainer.type = " + in_quotes(trainer) +
                              " cannot do; use \"fixed\" or \"mutable\"");
    }
}

/// The section, or the defaults if a parameter of the space moves. The trainer checks whether variant and roles fit
/// together.
void read_hypergradient(const Reading& reading, TrainerSettings& trainer, Diagnostics& diagnostics) {
    const auto moving = [](const TableEntry& entry) {
        const Node* role = entry.value.find("role");
        const auto* text = role == nullptr ? nullptr : std::get_if<std::string>(&role->value);
        return text != nullptr && moves(*text);
    };
    const Node* section = reading.trainer == nullptr ? nullptr : reading.trainer->find("hypergradient");
    const bool any = reading.space != nullptr && std::ranges::any_of(reading.space->table(), moving);
    if (section == nullptr && !any) return;
    HypergradientSettings settings;
    if (section == nullptr || section->is_table()) {
        read_section(hypergradient_fields(), section, "trainer.hypergradient",
                     section == nullptr ? Place{} : section->place, settings, diagnostics);
    }
    trainer.hypergradient = settings;
}

/// Values for every hyperparameter of use that is neither searched nor given.
void fill_defaults(const Reading& reading, Resource horizon, TrainerSettings& trainer, const Diagnostics& diagnostics) {
    trainer.fixed = reading.given;
    for (const auto& one : reading.known) {
        const auto& name = one.key.name;
        const bool elsewhere =
            reading.searched(name) || reading.given.count(name) > 0 ||
            (!one.other_form.empty() && (reading.searched(one.other_form) || reading.given.count(one.other_form) > 0));
        if (elsewhere || !of_use(reading, one)) continue;
        auto key = one.key;
        if (const auto own = one.model_defaults.find(reading.model); own != one.model_defaults.end())
            key.default_text = own->second;
        if (const auto value = absent_value(key, diagnostics)) trainer.fixed[name] = value->value;
        if (name == "horizon") trainer.fixed[name] = static_cast<double>(horizon);
    }
}

}  // namespace

Role default_role(const Node& root, std::string_view name) {
    const Node* trainer = root.find("trainer");
    const Node* type = trainer == nullptr ? nullptr : trainer->find("type");
    const auto* text = type == nullptr ? nullptr : std::get_if<std::string>(&type->value);
    // Only the user's program or task knows what it can change. It says so before the start.
    const bool any_name = text != nullptr && *text != "torch";
    return any_name || changes_in_training(name) ? Role::mutable_value : Role::fixed;
}

void read_trainer(const Node& root, Resource horizon, TrainerSettings& trainer, Diagnostics& diagnostics) {
    Reading reading;
    reading.known = hyperparameters();
    reading.trainer = root.find("trainer");
    reading.space = root.find("space");
    if (reading.space != nullptr && !reading.space->is_table()) reading.space = nullptr;

    const auto fields = trainer_fields();
    std::vector<const Key*> keys;
    for (const auto& field : fields) keys.push_back(&field.key);
    for (const auto& one : reading.known) keys.push_back(&one.key);
    const auto shape = shape_of("trainer", fields.front().key, reading.trainer);
    check_section(keys, reading.trainer, shape, place_of(root, {"trainer"}), diagnostics,
                  [&](std::size_t index, const Checked& checked) {
                      if (index < fields.size()) {
                          if (fields[index].store) fields[index].store(trainer, checked);
                      } else if (checked.given) {
                          reading.given[keys[index]->name] = checked.value;
                      } else {
                          return;  // its use is checked below
                      }
                      note(diagnostics, "trainer", *keys[index], checked);
                  });
    reading.model = trainer.model_name();
    if (!shape.certain) return;
    if (reading.space != nullptr) check_roles(*reading.space, shape.selector, diagnostics);
    if (trainer.type == TrainerType::torch || trainer.type == TrainerType::task) {
        read_hypergradient(reading, trainer, diagnostics);
    }
    if (trainer.type != TrainerType::torch) return;
    if (reading.space != nullptr) check_space(reading, diagnostics);
    for (const auto& [name, value] : reading.given) {
        check_use(reading, *find(reading, name), reading.trainer->find(name)->place, "trainer." + name, false,
                  diagnostics);
    }
    fill_defaults(reading, horizon, trainer, diagnostics);
}

}  // namespace stemma
