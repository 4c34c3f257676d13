using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ca show</c> and <c>entrepot ca rotate</c>.</summary>
internal static class CaCommands
{
    public static Command CreateShow(CliEnvironment environment, CommonOptions common)
    {
        var pem = new Option<bool>("--pem") { Description = "Print the certificates, for clients that are to believe them" };
        var command = common.ForNetwork(
            "show", "Show the network's certificate authority", ("entrepot ca show", "Fingerprint and times"), ("entrepot ca show --pem > ca.pem", "For curl --cacert"));
        command.Add(pem);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            context.Write(await client.GetAuthorityAsync(cancellation), ApiJson.Default.AuthorityDocument, authority =>
            {
                if (context.Get(pem))
                    environment.Output.Write(authority.Pem);
                else
                    Show(context, authority);
            });
            return ExitCodes.Done;
        });
    }

    public static Command CreateRotate(CliEnvironment environment, CommonOptions common)
    {
        var overlap = new Option<string>("--overlap") { Description = "For how long the old authority is believed, 48h–365d [default: 72h]", HelpName = "TIME", DefaultValueFactory = static _ => "72h" };
        var command = common.ForNetwork(
            "rotate", "Change the network's certificate authority while everything runs",
            ("entrepot ca rotate --dry-run", "See when what would happen"), ("entrepot ca rotate --overlap 7d --yes", "Give clients a week to learn of the new one"));
        command.Add(overlap);
        command.Add(common.Yes);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (!Duration.TryParse(context.Get(overlap)!, out var time))
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"--overlap is '{context.Get(overlap)}'; expected a duration such as 72h.", "Write 72h or 7d.").ToException();
            var dryRun = context.Get(common.DryRun);
            var client = await context.ConnectAsync(cancellation);
            if (!dryRun && !context.Confirm("Begin to change the authority? Nodes follow by themselves; other clients must be given the new certificate.", required: true))
                return ExitCodes.Negative;
            context.Write(await client.RotateAuthorityAsync(new RotateAuthorityRequest((long)time.TotalSeconds, dryRun), cancellation), ApiJson.Default.AuthorityDocument, authority =>
            {
                Show(context, authority);
                if (dryRun)
                    context.Say("Nothing was changed. The new one's fingerprint will be another.");
            });
            return ExitCodes.Done;
        });
    }

    private static void Show(CommandContext context, AuthorityDocument authority)
    {
        context.Say($"Network {authority.Network}");
        Tables.Write(
            context, ["fingerprint (SHA-256)", "", "signs from", "believed until", "ends"],
            [.. authority.Authorities.Select(static one => (string[])
            [
                one.Fingerprint, one.Signing ? "signs" : "", Units.Time(one.SignsFrom), one.TrustedUntil is { } until ? Units.Time(until) : "", Units.Time(one.Expires),
            ])],
            "");
    }
}
