#pragma once
// Switches of mutants (schemata.py). STEMMA_MUTANT chooses the number of the one that is on; none without it.

#include <cstdlib>
#include <type_traits>
#include <utility>

namespace stemma_mutants {

inline bool on(int number) {
    static const int chosen = [] {
        const char* text = std::getenv("STEMMA_MUTANT");
        return text == nullptr ? 0 : std::atoi(text);
    }();
    return chosen == number;
}

enum class Op { lt, le, gt, ge, eq, ne };

/// Stands between the two sides of a relation: `a < lt(17, Op::ge) < b`.
struct Relation {
    Op op;
};

/// The left side, held until the right side comes.
template <class T>
struct Left {
    T value;  ///< a reference for what has a name
    Op op;
};

template <class T, class U>
bool answer(Op op, const T& a, const U& b) {
    if constexpr (requires { static_cast<bool>(a < b); }) {
        if (op == Op::lt) return static_cast<bool>(a < b);
        if (op == Op::le) return static_cast<bool>(a <= b);
        if (op == Op::gt) return static_cast<bool>(a > b);
        if (op == Op::ge) return static_cast<bool>(a >= b);
    }
    if constexpr (requires { static_cast<bool>(a == b); }) {
        if (op == Op::eq) return static_cast<bool>(a == b);
        if (op == Op::ne) return !static_cast<bool>(a == b);
    }
    std::abort();
}

#define STEMMA_MUTANTS_RELATION(sign, name)                                          \
    template <class T>                                                               \
    Left<T> operator sign(T&& value, Relation relation) {                            \
        return {std::forward<T>(value), relation.op};                                \
    }                                                                                \
    template <class T, class U>                                                      \
    bool operator sign(const Left<T>& left, const U& right) {                        \
        return answer(left.op, left.value, right);                                   \
    }                                                                                \
    inline Relation name(int number, Op to) { return {on(number) ? to : Op::name}; } \
    inline Relation name(int number, Op to, int other, Op other_to) {                \
        return {on(number) ? to : on(other) ? other_to : Op::name};                  \
    }
STEMMA_MUTANTS_RELATION(<, lt)
STEMMA_MUTANTS_RELATION(<=, le)
STEMMA_MUTANTS_RELATION(>, gt)
STEMMA_MUTANTS_RELATION(>=, ge)
STEMMA_MUTANTS_RELATION(==, eq)
STEMMA_MUTANTS_RELATION(!=, ne)
#undef STEMMA_MUTANTS_RELATION

/// A number that takes the type that is wanted.
struct Number {
    unsigned long long value;
    template <class T>
    requires std::is_arithmetic_v<T>
    operator T() const { return static_cast<T>(value); }  // NOLINT(google-explicit-constructor)
};

inline Number number(unsigned long long value, int mutant, unsigned long long changed) {
    return {on(mutant) ? changed : value};
}
inline Number number(unsigned long long value, int mutant, unsigned long long changed, int other,
                     unsigned long long other_changed) {
    return {on(mutant) ? changed : on(other) ? other_changed : value};
}

}  // namespace stemma_mutants
