#pragma once
// Lines that describe a search to the programs of this folder: its parameters, and a sampler by its keys of [sampler].

#include <charconv>
#include <cstdint>
#include <ctime>
#include <istream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "sampler/distinct.hpp"
#include "sampler/registry/registry.hpp"

namespace stemma::peers {

/// What a text means where TOML would have a literal.
inline Literal literal(const std::string& text) {
    if (text == "true" || text == "false") return text == "true";
    const auto* end = text.data() + text.size();
    std::int64_t integer = 0;
    if (const auto read = std::from_chars(text.data(), end, integer); read.ec == std::errc() && read.ptr == end)
        return integer;
    double number = 0;
    if (const auto read = std::from_chars(text.data(), end, number); read.ec == std::errc() && read.ptr == end)
        return number;
    return text;
}

/// Settings of one algorithm by key. Throws UserError for keys and values that it does not take.
template <class Descriptor>
std::any settings_of(const Descriptor& type, const std::map<std::string, std::string>& given) {
    auto settings = type.defaults;
    for (const auto& [key, text] : given) {
        const auto* field = find_field(type.fields, key);
        const auto value = field == nullptr ? std::nullopt : check_value(field->key, literal(text));
        if (!value) throw UserError(type.name + " does not take " + key + " = " + text);
        field->store(settings, *value);
    }
    return settings;
}

class Setup {
public:
    /// Reads the rest of a line that begins with `word`. False for other words.
    ///   real NAME LOW HIGH | integer NAME COUNT | categorical NAME COUNT    a parameter; integers begin at 0
    ///   set KEY VALUE                                                       a setting of the sampler
    bool read(const std::string& word, std::istream& in) {
        std::string name;
        if (word == "real") {
            Real real;
            in >> name >> real.low >> real.high;
            parameters_.push_back({name, real, Role::fixed, {}, {}});
        } else if (word == "integer") {
            Integer integer;
            in >> name >> integer.high;
            integer.low = 0;
            --integer.high;
            parameters_.push_back({name, integer, Role::fixed, {}, {}});
        } else if (word == "categorical") {
            std::int64_t count = 0;
            in >> name >> count;
            Categorical categorical;
            for (std::int64_t choice = 0; choice < count; ++choice) categorical.choices.emplace_back(choice);
            parameters_.push_back({name, categorical, Role::fixed, {}, {}});
        } else if (word == "set") {
            std::string value;
            in >> name >> value;
            settings_[name] = value;
        } else {
            return false;
        }
        return true;
    }

    std::shared_ptr<const SearchSpace> space() const { return std::make_shared<const SearchSpace>(parameters_); }

    /// The sampler that a job with these keys has.
    std::unique_ptr<Sampler> sampler(const std::string& name, std::uint64_t seed) const {
        const auto& type = named(samplers(), name);
        auto settings = settings_of(type, settings_);
        SamplerContext context;
        context.seed = seed;
        context.expected = 100;  // evaluations of a search
        context.space = space();
        type.complete(settings, *context.space);
        // As a search has it: no configuration is proposed twice.
        return make_distinct_sampler(context.space, seed, type.make(settings, context), {});
    }

private:
    std::vector<Parameter> parameters_;
    std::map<std::string, std::string> settings_;
};

/// What a fit that is wanted gives; of a timed one the seconds of CPU that it took.
inline std::vector<double> done(const WantedFit& wanted) {
    const auto begin = std::clock();
    auto model = wanted.fit->run();
    if (wanted.timed) return {static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC};
    return model;
}

/// The values with a space before each; categories by their index.
inline std::string text(ConfigurationView configuration) {
    std::string line;
    for (const auto& value : configuration) {
        char digits[32] = "-";
        char* end = digits + 1;
        const auto write = [&](auto number) { end = std::to_chars(digits, digits + sizeof digits, number).ptr; };
        if (const auto* real = std::get_if<double>(&value)) write(*real);
        if (const auto* integer = std::get_if<std::int64_t>(&value)) write(*integer);
        if (const auto* choice = std::get_if<Choice>(&value)) write(choice->index);
        line += ' ';
        line.append(digits, end);
    }
    return line;
}

}  // namespace stemma::peers
