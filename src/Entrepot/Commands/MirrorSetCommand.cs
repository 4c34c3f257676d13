using System.CommandLine;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot mirror set</c>.</summary>
internal static class MirrorSetCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = MirrorArgument.Create(environment, common);
        var makePrivate = new Option<bool>("--private") { Description = "Only those with a credential for it may read it" };
        var makePublic = new Option<bool>("--public") { Description = "Everybody may read it" };
        var description = new Option<string?>("--description") { Description = "One line for people", HelpName = "TEXT" };
        var command = common.ForNetwork(
            "set", "Change who may read a mirror, or its description",
            ("entrepot mirror set images --private", "From now on reading it takes a credential, at every edge"),
            ("entrepot mirror set images --public --description 'OS images'", "Everybody may read it"));
        command.Add(name);
        command.Add(makePrivate);
        command.Add(makePublic);
        command.Add(description);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (context.Get(makePrivate) == context.Get(makePublic) && (context.Get(makePrivate) || context.Get(description) is null))
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "say what to change: --private or --public, --description.", "See 'entrepot mirror set --help'.").ToException();
            var mirror = MirrorName.Parse(context.Get(name));
            var access = context.Get(makePrivate) ? "private" : context.Get(makePublic) ? "public" : null;
            var client = await context.ConnectAsync(cancellation);
            if (context.Get(common.DryRun))
            {
                var found = await client.GetMirrorAsync(mirror, cancellation);
                context.Write(found, ApiJson.Default.MirrorDocument, known => context.Say(
                    access is null || access == (known.Access ?? "public") ? $"Mirror '{known.Name}' would stay {known.Access ?? "public"}." : $"Mirror '{known.Name}' would become {access}."));
                return ExitCodes.Done;
            }

            var changed = await client.UpdateMirrorAsync(mirror, new UpdateMirrorRequest(context.Get(description), Access: access), cancellation);
            context.Write(changed, ApiJson.Default.MirrorDocument, known => context.Say($"Mirror '{known.Name}' is {known.Access ?? "public"}."));
            return ExitCodes.Done;
        });
    }
}
