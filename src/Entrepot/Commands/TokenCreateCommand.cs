using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot token create</c>.</summary>
internal static class TokenCreateCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var roles = new Option<string[]>("--role")
        {
            Description = $"What its bearer may be: {string.Join(", ", Roles.Words)}; may be given several times", HelpName = "ROLE", Required = true,
        };
        roles.CompletionSources.Add([.. Roles.Words]);
        var mirrors = new Option<string[]>("--mirror") { Description = "The only mirror that it is for; may be given several times [default: all]", HelpName = "MIRROR" };
        var ttl = new Option<string>("--ttl") { Description = "For how long it is good", HelpName = "TIME", DefaultValueFactory = static _ => "30d" };
        var name = new Option<string?>("--name") { Description = "What people and the journal call it [default: made up]", HelpName = "NAME" };
        var command = common.ForNetwork(
            "create", "Make a token for a program, a pipeline or a person; it is printed once and kept nowhere",
            ("entrepot token create --role publisher --mirror images --ttl 30d --name ci", "For a pipeline that pushes to one mirror"),
            ("entrepot token create --role viewer --role auditor --ttl 12h", "For somebody who looks and audits today"));
        command.Add(roles);
        command.Add(mirrors);
        command.Add(ttl);
        command.Add(name);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (!Roles.TryParse(context.Get(roles)!, out var role, out var fault))
                throw fault.ToException();
            if (!Duration.TryParse(context.Get(ttl)!, out var lifetime))
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"--ttl '{context.Get(ttl)}' is no span of time.", "Write one such as 5m, 12h or 30d.").ToException();
            var request = new CreateTokenRequest(
                Roles.WordsOf(role), (long)lifetime.TotalSeconds, context.Get(name), [.. (context.Get(mirrors) ?? []).Select(static mirror => MirrorName.Parse(mirror).Value)]);
            var what = $"{string.Join(" and ", request.Roles)} for {(request.Mirrors!.Count == 0 ? "all mirrors" : string.Join(", ", request.Mirrors))}";
            if (context.Get(common.DryRun))
            {
                context.Write(request, ApiJson.Default.CreateTokenRequest, _ => context.Say($"Would make a token: {what}, good for {Duration.Format(lifetime)}."));
                return ExitCodes.Done;
            }

            var client = await context.ConnectAsync(cancellation);
            var made = await client.CreateTokenAsync(request, cancellation);
            context.Write(made, ApiJson.Default.TokenDocument, token =>
            {
                // The token alone is the result, so that it can be put where it is needed.
                context.Environment.Error.WriteLine($"Token '{token.Name}': {what}, good until {Units.Time(token.ExpiresAt)}. It is shown this once:");
                context.Environment.Output.WriteLine(token.Token);
            });
            return ExitCodes.Done;
        });
    }
}
