package forensics

import (
	"bytes"
	"context"
	"errors"
)

// passwd reads the accounts; what cannot be read is refused by linux.accounts.
func (c *collection) passwd() []Account {
	b, err := c.small("/etc/passwd", maxAccounts)
	if err != nil {
		return nil
	}
	return parsePasswd(b)
}

// userNames maps numbers to names; the first account of a number wins.
func (c *collection) userNames() map[uint32]string {
	out := map[uint32]string{}
	for _, a := range c.passwd() {
		if _, ok := out[a.UID]; !ok {
			out[a.UID] = a.Name
		}
	}
	return out
}

// accounts takes users and groups. Of shadow only its stat and what
// it allows are kept.
func (c *collection) accounts(ctx context.Context) error {
	if err := c.accountLines(ctx); err != nil {
		return err
	}
	for _, name := range passwordFiles {
		if err := c.hashless(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// accountLines seals the "fb.accounts" snapshot.
func (c *collection) accountLines(ctx context.Context) error {
	e := c.exhibit("Accounts and the state of their passwords", "/etc/passwd, /etc/shadow, /etc/group", FormatAccounts,
		"in-process read; password hashes are not kept; stat is of /etc/shadow")
	passwd, err := c.small("/etc/passwd", maxAccounts)
	if err != nil {
		if missing(err) {
			err = refuse("does not exist")
		}
		c.refuse("/etc/passwd", err)
		return nil
	}
	list := parsePasswd(passwd)
	if h, err := c.tree.at("/", "/etc/shadow", false); err == nil {
		e.Before = &h.stat
		if err := h.close(); err != nil {
			return err
		}
	}
	if shadow, err := c.small("/etc/shadow", maxAccounts); err != nil {
		c.refuse("/etc/shadow", err)
		e.Deviations = append(e.Deviations, "shadow could not be read: the state of passwords is unknown")
	} else {
		applyShadow(list, shadow)
		clear(shadow)
	}
	group, err := c.small("/etc/group", maxAccounts)
	c.refuse("/etc/group", err)
	applyGroups(list, group)
	return c.snapshot(ctx, e, func(r *rows) error {
		for _, a := range list {
			if err := r.add(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// hashless seals passwd or group; a hash in one of their password fields, where
// old systems kept it, is left out.
func (c *collection) hashless(ctx context.Context, name string) error {
	b, err := c.small(name, maxAccounts)
	if err != nil {
		c.refuse(name, err)
		return nil
	}
	kept, withheld := withoutHashes(b)
	if withheld == 0 {
		return c.take(ctx, want{base: "/", name: name, kind: c.now.Name, title: "Accounts " + name, format: FormatText, optional: true})
	}
	e := c.exhibit("Accounts "+name, name, FormatText, "in-process read; the hashes in its password fields were replaced by [withheld]")
	e.Deviations = append(e.Deviations, withheldHashes(withheld))
	if h, err := c.tree.at("/", name, false); err == nil {
		e.Before = &h.stat
		if err := h.close(); err != nil {
			return errors.Join(err)
		}
	}
	e, err = c.Sink.Seal(ctx, bytes.NewReader(kept), e)
	ok, err := c.judge(ctx, name, err)
	if err != nil || !ok {
		return err
	}
	return c.hand(e)
}
