package events

// MoreReaders lets n connections read at the same time, where fewer may now. A
// query takes up to mostWorkers of them: where one scan can only go on when
// another does, as in a join, there must be enough for both.
func (db *DB) MoreReaders(n int) {
	if n > readers {
		db.read.SetMaxOpenConns(n)
	}
}
