"""Terms that any loss can have: class weights, a teacher, R-Drop, supervised contrast."""
