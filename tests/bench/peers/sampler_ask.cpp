// Any sampler of the tree behind a pipe, without a search around it: a search costs a second before its first proposal.
// For tests/bench/peers/contenders.py.
//
//   real NAME LOW HIGH | integer NAME COUNT | categorical NAME COUNT    a parameter; integers begin at 0
//   set KEY VALUE                   a setting by its key of [sampler]
//   start TYPE SEED                 TYPE as in sampler.type
//   ask                             -> MEMBER VALUE...; categories by their index. "none" when the sampler is exhausted
//   tell MEMBER RESOURCE VALUE      a measurement, minimized; "inf" for a failure
//   lost MEMBER                     there will be no measurement any more
//   cpu                             -> seconds of CPU time that samplers took since the start

#include <charconv>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

#include "core/error.hpp"
#include "sampler/registry/registry.hpp"

using namespace stemma;

namespace {

Literal literal(const std::string& text) {
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

class Session {
public:
    /// One line of input.
    void on(const std::string& line) {
        std::istringstream in(line);
        std::string word;
        in >> word;
        const auto found = commands_.find(word);
        if (found == commands_.end()) throw UserError("unknown command: " + line);
        const auto begin = std::clock();
        found->second(in);
        spent_ += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
        if (in.fail()) throw UserError("not understood: " + line);
    }

private:
    void real(std::istream& in) {
        Real real;
        in >> name_ >> real.low >> real.high;
        parameters_.push_back({name_, real, Role::fixed, {}, {}});
    }
    void integer(std::istream& in) {
        Integer integer;
        in >> name_ >> integer.high;
        integer.low = 0;
        --integer.high;
        parameters_.push_back({name_, integer, Role::fixed, {}, {}});
    }
    void categorical(std::istream& in) {
        std::int64_t count = 0;
        in >> name_ >> count;
        Categorical categorical;
        for (std::int64_t choice = 0; choice < count; ++choice) categorical.choices.emplace_back(choice);
        parameters_.push_back({name_, categorical, Role::fixed, {}, {}});
    }
    void set(std::istream& in) {
        std::string value;
        in >> name_ >> value;
        settings_[name_] = value;
    }
    void start(std::istream& in) {
        SamplerContext context;
        in >> name_ >> context.seed;
        context.space = std::make_shared<const SearchSpace>(parameters_);
        const auto& type = named(samplers(), name_);
        auto settings = type.defaults;
        for (const auto& [key, text] : settings_) {
            const auto* field = find_field(type.fields, key);
            const auto value = field == nullptr ? std::nullopt : check_value(field->key, literal(text));
            if (!value) throw UserError(name_ + " does not take " + key + " = " + text);
            field->store(settings, *value);
        }
        type.complete(settings, *context.space);
        sampler_ = type.make(settings, context);
    }
    void ask(std::istream& /*in*/) {
        const MemberId member{members_};
        const auto proposal = sampler_->propose({member, members_, {}, {}});
        if (!proposal) {
            std::cout << "none" << std::endl;
            return;
        }
        sampler_->born({member, {}, 0, *proposal});
        ++members_;
        std::cout << member.value;
        for (const auto& value : *proposal) {
            std::cout << ' ';
            if (const auto* real = std::get_if<double>(&value)) std::cout << *real;
            if (const auto* integer = std::get_if<std::int64_t>(&value)) std::cout << *integer;
            if (const auto* choice = std::get_if<Choice>(&value)) std::cout << choice->index;
        }
        std::cout << std::endl;
        // As if nobody asked again before a fit has ended.
        while (!sampler_->wanted_fits().empty()) {
            const auto wanted = sampler_->wanted_fits().front();
            sampler_->fitted(wanted.number, wanted.fit->run());
        }
    }
    void tell(std::istream& in) {
        Observation observation;
        in >> observation.member.value >> observation.resource >> name_;
        observation.objective = std::stod(name_);
        sampler_->observe(observation);
    }
    void lost(std::istream& in) {
        MemberId member;
        in >> member.value;
        sampler_->given_up(member);
    }
    void cpu(std::istream& /*in*/) { std::cout << spent_ << std::endl; }

    std::map<std::string, std::function<void(std::istream&)>> commands_{
        {"real", [this](std::istream& in) { real(in); }},
        {"integer", [this](std::istream& in) { integer(in); }},
        {"categorical", [this](std::istream& in) { categorical(in); }},
        {"set", [this](std::istream& in) { set(in); }},
        {"start", [this](std::istream& in) { start(in); }},
        {"ask", [this](std::istream& in) { ask(in); }},
        {"tell", [this](std::istream& in) { tell(in); }},
        {"lost", [this](std::istream& in) { lost(in); }},
        {"cpu", [this](std::istream& in) { cpu(in); }},
    };
    std::string name_;
    std::vector<Parameter> parameters_;
    std::map<std::string, std::string> settings_;
    std::unique_ptr<Sampler> sampler_;
    std::uint64_t members_ = 0;
    double spent_ = 0;
};

}  // namespace

int main() {
    std::cout.precision(17);
    Session session;
    std::string line;
    try {
        while (std::getline(std::cin, line)) session.on(line);
    } catch (const std::exception& error) {
        std::cerr << "bench_peers_ask: " << error.what() << '\n';
        return 1;
    }
}
