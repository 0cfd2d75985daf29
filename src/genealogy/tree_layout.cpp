#include "genealogy/tree_layout.hpp"

#include <algorithm>

namespace stemma {

namespace {

struct Strokes {
    std::string tee, corner, bar, blank, node, best;
};

Strokes strokes(bool unicode) {
    if (unicode) return {"├─", "└─", "│ ", "  ", "● ", "★ "};
    return {"|-", "`-", "| ", "  ", "o ", "* "};
}

/// Lines of the shown members, and of the remarks about left-out members.
std::size_t lines_of(const Genealogy& genealogy, const std::vector<MemberId>& shown) {
    std::vector<std::uint64_t> parents;
    std::size_t roots = 0;
    for (const auto member : shown) {
        const auto parent = genealogy[member].parent;
        parent.exists() ? parents.push_back(parent.value) : void(++roots);
    }
    std::sort(parents.begin(), parents.end());
    auto lines = shown.size() + (roots < genealogy.roots().size() ? 1 : 0);
    for (const auto member : shown) {
        const auto [begin, end] = std::equal_range(parents.begin(), parents.end(), member.value);
        if (static_cast<std::size_t>(end - begin) < genealogy.children(member).size()) ++lines;
    }
    return lines;
}

std::vector<bool> choose(const Genealogy& genealogy, std::size_t limit) {
    if (limit == 0 || genealogy.size() <= limit) return std::vector<bool>(genealogy.size(), true);
    std::vector<MemberId> order;
    for (std::size_t i = 0; i < genealogy.size(); ++i) order.push_back({i});
    // A parent has more descendants than its child: in this order a member's ancestors come before it.
    const auto first = [&](MemberId a, MemberId b) {
        if (genealogy.descendants(a) != genealogy.descendants(b))
            return genealogy.descendants(a) > genealogy.descendants(b);
        const auto of_a = genealogy[a].metric(), of_b = genealogy[b].metric();
        if (genealogy.better(of_a, of_b)) return true;
        return !genealogy.better(of_b, of_a) && a < b;
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(limit), order.end(), first);

    std::vector<bool> chosen(genealogy.size(), false);
    std::vector<MemberId> shown;
    const auto show = [&](MemberId member) {
        if (!chosen[member.value]) shown.push_back(member);
        chosen[member.value] = true;
    };
    if (genealogy.best().exists()) {
        for (const auto member : genealogy.path(genealogy.best())) show(member);
    }
    const auto always = shown.size();
    for (std::size_t i = 0; i < limit; ++i) show(order[i]);
    while (shown.size() > always && lines_of(genealogy, shown) > limit) {
        chosen[shown.back().value] = false;
        shown.pop_back();
    }
    return chosen;
}

class Drawing {
public:
    Drawing(const Genealogy& genealogy, std::vector<bool> shown, bool unicode)
        : genealogy_(genealogy), shown_(std::move(shown)), stroke_(strokes(unicode)), to_best_(genealogy.size()) {
        if (genealogy.best().exists()) {
            for (const auto member : genealogy.path(genealogy.best())) to_best_[member.value] = true;
        }
    }

    std::vector<TreeLine> draw() {
        const auto roots = split(genealogy_.roots());
        if (roots.shown.size() == 1 && roots.rest.left_out == 0) {
            line(roots.shown[0], "", "");
            return std::move(lines_);
        }
        for (const auto root : roots.shown) {
            const bool last = root == roots.shown.back() && roots.rest.left_out == 0;
            line(root, last ? stroke_.corner : stroke_.tee, last ? stroke_.blank : stroke_.bar);
        }
        leave_out(roots.rest, stroke_.corner);
        return std::move(lines_);
    }

private:
    struct Split {
        std::vector<MemberId> shown;
        TreeLine rest;
    };

    Split split(std::span<const MemberId> members) const {
        Split split;
        for (const auto member : members) {
            if (shown_[member.value]) {
                split.shown.push_back(member);
            } else {
                ++split.rest.left_out;
                split.rest.descendants += genealogy_.descendants(member) - 1;
            }
        }
        return split;
    }

    void leave_out(TreeLine rest, const std::string& art) {
        if (rest.left_out == 0) return;
        rest.art = art;
        lines_.push_back(std::move(rest));
    }

    /// The child with which the line goes on.
    MemberId heir_of(const std::vector<MemberId>& children) const {
        MemberId heir = {};
        for (const auto child : children) {
            if (to_best_[child.value]) return child;
            if (!heir.exists() || genealogy_.descendants(child) > genealogy_.descendants(heir)) heir = child;
        }
        return heir;
    }

    /// Draws the member and its descendants. `art` stands before its own line, `below` before the others. The recursion
    /// is as deep as the drawing is wide.
    void line(MemberId member, std::string art, const std::string& below) {
        while (member.exists()) {
            const auto& node = member == genealogy_.best() ? stroke_.best : stroke_.node;
            lines_.push_back({.art = art + node, .member = member});
            art = below;
            const auto children = split(genealogy_.children(member));
            const auto heir = heir_of(children.shown);
            for (const auto child : children.shown) {
                if (child != heir) line(child, below + stroke_.tee, below + stroke_.bar);
            }
            leave_out(children.rest, below + (heir.exists() ? stroke_.tee : stroke_.corner));
            member = heir;
        }
    }

    const Genealogy& genealogy_;
    std::vector<bool> shown_;
    Strokes stroke_;
    std::vector<bool> to_best_;
    std::vector<TreeLine> lines_;
};

}  // namespace

std::vector<TreeLine> layout_forest(const Genealogy& genealogy, std::size_t limit, bool unicode) {
    return Drawing(genealogy, choose(genealogy, limit), unicode).draw();
}

}  // namespace stemma
