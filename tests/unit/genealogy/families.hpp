#pragma once
// Small genealogies made by hand, and large random ones.

#include <limits>

#include "core/rng.hpp"
#include "genealogy/text.hpp"

namespace stemma::test {

inline const SearchSpace& lr_space() {
    static const SearchSpace space(
        {{"lr", Real{0, 1, Scale::linear, {}}, Role::mutable_value, {}, {}},
         {"optimizer", Categorical{{std::string("sgd"), std::string("it's \"a\" <b> & c")}}, Role::fixed, {}, {}},
         {"to", Integer{1, 9, Scale::linear, {}}, Role::mutable_value, {}, {{1, {0}}}}});
    return space;
}

inline GenealogyNames names() { return {"toy", "loss", "epoch", &lr_space()}; }

inline Relative root(double lr, std::vector<Measurement> reports) {
    Relative member;
    member.reports = std::move(reports);
    member.configuration = {lr, Choice{0}, std::int64_t{4}};
    return member;
}

inline Relative child(std::uint64_t parent, Resource from, double lr, std::vector<Measurement> reports,
                      BirthCause cause = BirthCause::exploit) {
    auto member = root(lr, std::move(reports));
    member.parent = {parent};
    member.cause = cause;
    member.from = from;
    member.generation = 1;
    return member;
}

/// Two roots. 0 has the children 2 and 3 at 3 epochs and goes on itself; 5, a child of 3, is the best; 4 repeats 1.
inline Genealogy family() {
    auto donor = child(0, 3, 0.2, {{6, 0.5}});
    donor.donor = {1};
    return {{root(0.1, {{3, 0.9}, {6, 0.8}}), root(0.5, {{3, 1.5}}), donor, child(0, 3, 0.15, {{6, 0.4}}),
             child(1, 0, 0.5, {}, BirthCause::repeat), child(3, 6, 0.15, {{9, 0.25}}, BirthCause::adoption)},
            false,
            {5}};
}

/// `size` members: a few roots, then children of random members. Young parents are preferred if `deep`.
inline Genealogy random_family(std::uint64_t seed, std::size_t size, bool deep) {
    Stream random(seed, Purpose::test);
    std::vector<Relative> members;
    MemberId best;
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < size; ++i) {
        const double loss = random.uniform();
        if (i < 5) {
            members.push_back(root(0.5, {{3, loss}}));
        } else {
            const auto back = random.below(deep ? std::min<std::size_t>(i, 20) : i) + 1;
            const auto from = members[i - back].reached();
            members.push_back(child(i - back, from, random.uniform(), {{from + 3, loss}}));
        }
        if (loss < lowest) {
            lowest = loss;
            best = {i};
        }
    }
    return {std::move(members), false, best};
}

}  // namespace stemma::test
