using System.CommandLine;
using System.CommandLine.Help;
using Entrepot.Cli.Commands;

namespace Entrepot.Cli;

/// <summary>The tree of commands.</summary>
internal static class EntrepotCommand
{
    private static readonly (string, string)[] Examples =
    [
        ("entrepot up", "A whole network on this machine"),
        ("entrepot mirror create images", "A place to push to"),
        ("entrepot push disk.img images/24.04/disk.img", "Push a file"),
        ("entrepot pull images/24.04/disk.img -o disk.img", "Download it, verified, from several edges"),
        ("entrepot doctor", "Check this machine"),
    ];

    /// <summary>Builds the tree.</summary>
    public static RootCommand Create(CliEnvironment environment)
    {
        var common = new CommonOptions();
        common.Output.CompletionSources.Clear();
        common.Output.CompletionSources.Add("table", "json");
        var root = new RootCommand("Entrepot: push once, download verified bytes from any edge.")
        {
            UpCommand.Create(environment, common),
            ServeCommand.Create(environment, common),
            Group("mirror", "Make, look at and delete mirrors", MirrorListCommand.Create, MirrorCreateCommand.Create, MirrorShowCommand.Create, MirrorSetCommand.Create, MirrorDeleteCommand.Create),
            PushCommand.Create(environment, common),
            PullCommand.Create(environment, common),
            RemoveCommand.Create(environment, common),
            Group("snapshot", "Look at a mirror's versions and go back to one", SnapshotListCommand.Create, SnapshotDiffCommand.Create, SnapshotRollbackCommand.Create),
            VerifyCommand.Create(environment, common),
            GcCommand.Create(environment, common),
            Group("token", "Make, list and revoke tokens, by which programs and people prove who they are", TokenCreateCommand.Create, TokenListCommand.Create, TokenRevokeCommand.Create, TokenRotateKeysCommand.Create),
            Group("certificate", "Make, list and revoke certificates of clients that show one instead of a token", CertificateCommands.Create, CertificateCommands.CreateList, CertificateCommands.CreateRevoke),
            Group(
                "user", "Invite people, and decide what each may do", UserCommands.CreateInvite, UserCommands.CreateList, UserCommands.CreateSet, UserCommands.CreateDisable,
                UserCommands.CreateEnable, UserCommands.CreateUnlock, UserCommands.CreateRemove),
            SignInCommand.Create(environment, common),
            SignInCommand.CreateOut(environment, common),
            SignInCommand.CreateWho(environment, common),
            NodesCommand.Create(environment, common),
            Group(
                "node", "Say which machines belong to the network", NodeTokenCommand.Create, NodeListCommand.Create, NodeListCommand.CreateShow,
                NodeChangeCommands.CreateDrain, NodeChangeCommands.CreateRevoke, NodeChangeCommands.CreateRemove),
            Group("ca", "See and change the network's certificate authority", CaCommands.CreateShow, CaCommands.CreateRotate),
            Group(
                "ports", "See what listens, whether it should and who can reach it; see leases; check what is declared, and enforce it",
                PortsStatusCommand.Create, PortsMapCommand.Create, PortsProbeCommand.Create, PortsFindingsCommand.Create,
                PortsListCommand.Create, PortsExplainCommand.Create, PortsPoolsCommand.Create, PortsCheckCommand.Create, PortsSchemaCommand.Create,
                PortsApplyCommand.Create, PortsConfirmCommand.Create, PortsConfirmCommand.CreateRevert, PortsRulesetCommand.Create,
                PortsOpenCommand.Create, PortsOpenCommand.CreateList, PortsOpenCommand.CreateClose),
            Group(
                "change", "Change the portfile and the mirrors with four eyes: propose, approve, apply",
                ChangeCommands.CreatePropose, ChangeCommands.CreateList, ChangeCommands.CreateShow, ChangeCommands.CreateCurrent, ChangeCommands.CreateApprove, ChangeCommands.CreateReject,
                ChangeCommands.CreateApply, ChangeCommands.CreateReview),
            AgentCommand.Create(environment, common),
            WatchdogCommand.Create(environment, common),
            DrillCommand.Create(environment, common),
            Group(
                "audit", "Read, prove and export the journal",
                AuditLogCommand.Create, AuditVerifyCommand.Create, AuditExportCommand.Create, AuditCheckpointCommand.Create, AuditCopyCommand.Create),
            Group("config", "Check and show settings files", ConfigCheckCommand.Create, ConfigShowCommand.Create),
            DoctorCommand.Create(environment, common),
            CompletionCommand.Create(environment, common),
            HelpCommand.Create(environment, common),
            VersionCommand.Create(environment, common),
        };
        root.HelpName = "entrepot";
        root.Add(common.Output);
        root.SetAction(parse => new ExampleHelpAction(environment.Width, Examples).Invoke(parse));
        root.Options.OfType<VersionOption>().Single().Action = VersionCommand.OptionAction(environment);
        // The package's own help option also answers to /? and /h, which are paths elsewhere.
        root.Options.Remove(root.Options.OfType<HelpOption>().Single());
        root.Add(new HelpOption("--help", "-h") { Action = new ExampleHelpAction(environment.Width, Examples) });
        return root;

        Command Group(string name, string description, params Func<CliEnvironment, CommonOptions, Command>[] subcommands)
        {
            var group = new Command(name, description);
            foreach (var create in subcommands)
                group.Add(create(environment, common));
            return group;
        }
    }

    /// <summary>Gives a command its work.</summary>
    public static T Runs<T>(this T command, CliEnvironment environment, CommonOptions common, Func<CommandContext, CancellationToken, Task<int>> work)
        where T : Command
    {
        command.SetAction(async (parse, cancellation) =>
        {
            using var context = new CommandContext(environment, common, parse);
            return await work(context, cancellation);
        });
        return command;
    }
}
