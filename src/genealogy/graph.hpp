#pragma once
// Genealogies for other programs.

#include <iosfwd>

#include "genealogy/text.hpp"

namespace stemma {

/// Newick: one tree a line for each root. A node is a member, labelled "NUMBER NAME=VALUE ..." in quotes; its branch
/// length is its own training, in the job's unit. Children in order of birth. Any depth.
void write_newick(const Genealogy& genealogy, const GenealogyNames& names, std::ostream& out);

/// GraphML: a directed graph with an edge from each parent to each of its children (attribute `cause`). Nodes "n0",
/// "n1", ... have member, donor, cause, generation, from, to, metric, best, and each active hyperparameter under its
/// name ("_" appended where that is taken). What is not there (NaN, no donor) is left out.
void write_graphml(const Genealogy& genealogy, const GenealogyNames& names, std::ostream& out);

}  // namespace stemma
