// [trainer]: settings, hyperparameters fixed there, and whether the space asks for what the trainer understands.

#include <algorithm>

#include "app/job/readers.hpp"
#include "app/job/tables.hpp"
#include "options/words.hpp"

namespace stemma {

namespace {

/// What one pass over [trainer] and [space] needs to know.
struct Reading {
    const Node* space = nullptr;           ///< [space], or nullptr
    const Node* trainer = nullptr;         ///< [trainer], or nullptr
    std::map<std::string, Literal> given;  ///< hyperparameters fixed in [trainer]
    const TrainerSettings& chosen;
    const std::vector<Hyperparameter>& known = chosen.type->hyperparameters;
    /// The parameter of that name, or of a former spelling of it, which [space] keeps; nullptr where there is none.
    const Node* searched(const std::string& name) const {
        if (space == nullptr) return nullptr;
        if (const Node* parameter = space->find(name)) return parameter;
        const auto one = std::ranges::find_if(known, [&](const auto& each) { return each.key.name == name; });
        if (one == known.end()) return nullptr;
        const auto meant = [&](const TableEntry& entry) { return one->key.called(entry.key); };
        const auto at = std::ranges::find_if(space->table(), meant);
        return at == space->table().end() ? nullptr : &at->value;
    }
    bool has(const std::string& name) const { return given.contains(name) || searched(name) != nullptr; }
};

const Hyperparameter* find(const Reading& reading, std::string_view name) {
    const auto at = std::find_if(reading.known.begin(), reading.known.end(),
                                 [&](const Hyperparameter& one) { return one.key.name == name; });
    return at == reading.known.end() ? nullptr : &*at;
}

/// The values that `selector` ("model", "optimizer", "schedule") can have in this job; empty if they are not known.
std::vector<std::string> possible_values(const Reading& reading, const std::string& selector) {
    if (const auto key = reading.chosen.value(selector)) return {std::get<std::string>(key->value)};
    if (const Node* parameter = reading.searched(selector)) {
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
    if (!in_space && reading.searched(one.key.name) != nullptr) {
        diagnostics.error(place, path, "is a parameter of [space] too; give it in one place");
    }
    if (one.other_form.empty()) return;
    if (reading.has(one.other_form) && one.key.name < one.other_form) {
        diagnostics.error(place, path, "and " + one.other_form + " are the same number; give one of them");
    }
}

/// A parameter of the space against what the trainer takes under that name.
void check_domain(const Hyperparameter& one, const Node& parameter, const std::string& path, Diagnostics& diagnostics) {
    const auto type = text_of(&parameter, "type");
    const auto refuse_type = [&](const std::string& text) {
        diagnostics.error(parameter.find("type")->place, path + ".type", text);
    };
    if (one.key.type == KeyType::integer && type == "real")
        return refuse_type("must be \"integer\" (or a list of integers): the trainer takes whole numbers");
    const bool boolean = one.key.type == KeyType::boolean;
    const bool numeric = one.key.type == KeyType::integer || one.key.type == KeyType::number;
    if (!numeric && (type == "real" || type == "integer")) {
        return refuse_type(std::string("must be ") + (boolean ? "\"boolean\"" : "\"categorical\"") +
                           ": the trainer takes " + allowed_text(one.key));
    }
    if (!boolean && type == "boolean")
        refuse_type("must not be \"boolean\": the trainer takes " + allowed_text(one.key));
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
        const auto at =
            std::ranges::find_if(reading.known, [&](const auto& each) { return each.key.called(entry.key); });
        const auto* one = at == reading.known.end() ? nullptr : &*at;
        if (one == nullptr) {
            const auto& trainer = reading.chosen.type->name;
            diagnostics.error(entry.place, path,
                              "is nothing that trainer.type = " + in_quotes(trainer) + " understands" +
                                  suggestion(entry.key, names) + "; `stemma check --explain trainer." + trainer +
                                  "` lists what it does");
            continue;
        }
        if (one->key.name != entry.key && reading.space->find(one->key.name) != nullptr) {
            diagnostics.error(entry.place, path,
                              "is another name of " + one->key.name + ", which is given too; remove one of them");
        }
        check_use(reading, *one, entry.place, path, true, diagnostics);
        if (entry.value.is_table()) check_domain(*one, entry.value, path, diagnostics);
    }
}

bool changes_in_training(const TrainerDescriptor& trainer, std::string_view name) {
    const auto fixed = [&](const auto& one) { return one.structural && one.key.called(name); };
    return std::ranges::none_of(trainer.hyperparameters, fixed);
}

bool moves(std::string_view role) { return role == "hypergradient" || role == "mutable_hypergradient"; }

void check_roles(const Node& space, const TrainerDescriptor& trainer, Diagnostics& diagnostics) {
    for (const auto& entry : space.table()) {
        const auto role = text_of(&entry.value, "role");
        const auto refuse = [&](const std::string& text) {
            diagnostics.error(entry.value.find("role")->place, join_path("space", entry.key) + ".role", text);
        };
        if (role == "mutable" && !changes_in_training(trainer, entry.key))
            refuse("must be \"fixed\": trained weights cannot go on with another value");
        if (moves(role) && !trainer.traits.moves) {
            refuse("is " + in_quotes(role) + ", which trainer.type = " + in_quotes(trainer.name) +
                   " cannot do; use \"fixed\" or \"mutable\"");
        }
    }
}

/// The section, or the defaults if a parameter of the space moves. The trainer checks whether variant and roles fit
/// together.
void read_hypergradient(const Reading& reading, TrainerSettings& trainer, Diagnostics& diagnostics) {
    const auto moving = [](const TableEntry& entry) { return moves(text_of(&entry.value, "role")); };
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
void fill_defaults(const Reading& reading, Resource max, TrainerSettings& trainer, const Diagnostics& diagnostics) {
    trainer.fixed = reading.given;
    for (const auto& one : reading.known) {
        const auto& name = one.key.name;
        if (reading.has(name) || reading.has(one.other_form) || !of_use(reading, one)) continue;
        auto key = one.key;
        for (const auto& [value, text] : one.other_defaults) {
            if (possible_values(reading, one.needs) == std::vector{value}) key.default_text = text;
        }
        if (const auto value = absent_value(key, diagnostics)) trainer.fixed[name] = value->value;
        if (one.to_max) trainer.fixed[name] = static_cast<double>(max);
    }
}

}  // namespace

const TrainerDescriptor* trainer_of(const Node& root) {
    const Node* section = root.find("trainer");
    if (section == nullptr || section->find("type") == nullptr) return TrainerSettings{}.type;
    const auto at = std::ranges::find(trainers(), text_of(section, "type"), &TrainerDescriptor::name);
    return at == trainers().end() ? nullptr : &*at;
}

Role default_role(const Node& root, std::string_view name) {
    const auto* trainer = trainer_of(root);
    // Only the user's program or task knows what it can change. It says so before the start.
    return trainer == nullptr || changes_in_training(*trainer, name) ? Role::mutable_value : Role::fixed;
}

void read_trainer(const Node& root, Job& job, Diagnostics& diagnostics) {
    auto& trainer = job.trainer;
    const auto fields = trainer_fields();
    const Node* section = root.find("trainer");
    const auto shape = shape_of("trainer", fields.front().key, section, diagnostics);
    choose(shape, trainers(), trainer);
    Reading reading{root.find("space"), section, {}, trainer};
    if (reading.space != nullptr && !reading.space->is_table()) reading.space = nullptr;

    const auto all = hyperparameters();
    std::vector<const Key*> keys;
    for (const auto& field : fields) keys.push_back(&field.key);
    for (const auto& one : all) keys.push_back(&one.key);
    check_section(keys, section, shape, place_of(root, {"trainer"}), diagnostics,
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
    std::vector<std::string> metrics{job.metric.name};
    for (const auto& metric : job.more_metrics) metrics.push_back(metric.name);
    trainer.type->complete(trainer.settings, metrics);
    if (!shape.certain) return;
    if (reading.space != nullptr) check_roles(*reading.space, *trainer.type, diagnostics);
    if (trainer.type->traits.moves) read_hypergradient(reading, trainer, diagnostics);
    if (reading.known.empty()) return;
    if (reading.space != nullptr) check_space(reading, diagnostics);
    for (const auto& [name, value] : reading.given) {
        check_use(reading, *find(reading, name), section->find(name)->place, "trainer." + name, false, diagnostics);
    }
    fill_defaults(reading, job.scheduler.max, trainer, diagnostics);
}

}  // namespace stemma
