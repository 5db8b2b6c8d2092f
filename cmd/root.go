package cmd

import (
	"github.com/spf13/cobra"
)

const rootLong = `Firebreak is incident response in the terminal: open an incident, let a playbook
walk you through identify, contain, eradicate, recover and learn, collect
evidence into a timeline, act with plan and approval, and get the review from
what was recorded.

Without a command it opens the list of incidents.

Exit status: 0 ok, 1 error, 2 usage, 3 refused (approval, role, state),
4 authentication, 5 done in part, 6 verification failed, 130 cancelled.`

// newRootCmd is the whole command tree.
func newRootCmd(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:           "firebreak",
		Short:         "Incident response in the terminal",
		Long:          rootLong,
		Version:       Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subcommand,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := c.ValidateFlagGroups(); err != nil { // before cobra does, to mark it as usage
				return errFlag{err}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if !p.IsTerminal {
				return c.Help()
			}
			return runScreens(c.Context(), p, &runOptions{})
		},
	}
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	root.SetVersionTemplate("firebreak {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVar(&p.json, "json", false, "print JSON, one value a line")
	root.PersistentFlags().BoolVarP(&p.quiet, "quiet", "q", false, "print no progress")
	root.PersistentFlags().StringVar(&p.unlock, "unlock", "", "open the workspace with the passphrase or key at this `REFERENCE`: env:NAME, file:/path, exec:program")
	root.PersistentFlags().StringVar(&p.actor, "as", "", "act under this `name` (default: the configuration's, else the login name)")
	for _, g := range groups(p) {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	root.AddCommand(newLockedCmd(p, runLocked))
	order(root)
	p.completeFlags(root)
	helpOn(root)
	root.SetHelpCommandGroupID("about")
	root.SetCompletionCommandGroupID("about")
	return root
}

type group struct {
	id, title string
	commands  []*cobra.Command
}

func groups(p *program) []group {
	return []group{
		{"incident", "Work on an incident:", []*cobra.Command{
			newOpenCmd(p, runOpen), newListCmd(p, runList), newShowCmd(p, runShow), newRunCmd(p, runRun),
			newStepCmd(p), newNoteCmd(p, runNote), newUpdateCmd(p, runUpdate), newHandoverCmd(p, runHandover), newChangeCmd(p, runChange), newCloseCmd(p, runClose),
		}},
		{"facts", "What was found out, for the review:", []*cobra.Command{
			newMomentCmd(p, runMoment), newImpactCmd(p, runImpact), newSubjectCmd(p, runSubject), newTechniqueCmd(p, runTechnique),
			newFactorCmd(p, runFactor), newControlCmd(p, runControl), newDecisionCmd(p, runDecision),
		}},
		{"evidence", "Evidence and timeline:", []*cobra.Command{
			newCollectCmd(p, runCollect), newSendCmd(p, runSend), newIngestCmd(p, runIngest), newIntakeCmd(p, runIntake), newImportCmd(p, runImport), newParseCmd(p, runParse), newTriageCmd(p, runTriage),
			newSearchCmd(p, runSearch), newSweepCmd(p, runSweep), newSQLCmd(p, runSQL), newCustodyCmd(p, runCustody),
		}},
		{"action", "Actions:", []*cobra.Command{
			newPlanCmd(p, runPlan), newApproveCmd(p, runApprove), newDoCmd(p, runDo), newRevertCmd(p, runRevert), newContainedCmd(p, runContained), newRollbackCmd(p, runRollback), newOutboxCmd(p, runOutbox), newActionsCmd(p, runActions),
		}},
		{"report", "Review and trust:", []*cobra.Command{newReviewCmd(p, runReview), newClocksCmd(p, runClocks), newItemsCmd(p, runItems), newStatsCmd(p, runStats), newVerifyCmd(p, runVerify), newBundleCmd(p, runBundle), newSignCmd(p, runSign), newTimestampCmd(p, runTimestamp), newTrustCmd(p)}},
		{"keep", "Keep and erase:", []*cobra.Command{
			newBackupCmd(p, runBackup), newRestoreCmd(p, runRestore), newCheckCmd(p, runCheck), newRepairCmd(p, runRepair),
			newHoldCmd(p, runHold), newEraseCmd(p, runErase), newRetentionCmd(p, runRetention), newExportCmd(p, runExport),
		}},
		{"prepare", "Prepare:", []*cobra.Command{newInitCmd(p, runInit), newRekeyCmd(p, runRekey), newLockCmd(p, runLock), newUnlockCmd(p, runUnlock), newPlaybookCmd(p), newDrillCmd(p, runDrill), newConfigCmd(p), newDoctorCmd(p, runDoctor)}},
		{"about", "About:", []*cobra.Command{newVersionCmd(p, runVersion)}},
	}
}

// Command returns the command tree for generated documentation.
func Command(w World) *cobra.Command { return newRootCmd(&program{World: w}) }
