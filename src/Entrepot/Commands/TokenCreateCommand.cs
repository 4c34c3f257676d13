using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot token create</c>.</summary>
internal static class TokenCreateCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var grants = new GrantOptions();
        var name = new Option<string?>("--name") { Description = "What people and the journal call it [default: made up]", HelpName = "NAME" };
        var command = common.ForNetwork(
            "create", "Make a token for a program, a pipeline or a person; it is printed once and kept nowhere",
            ("entrepot token create --role publisher --mirror images --ttl 30d --name ci", "For a pipeline that pushes to one mirror"),
            ("entrepot token create --role viewer --role auditor --ttl 12h", "For somebody who looks and audits today"));
        grants.AddTo(command);
        command.Add(name);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var grant = grants.Read(context);
            var request = new CreateTokenRequest(grant.Roles, (long)grant.Lifetime.TotalSeconds, context.Get(name), grant.Mirrors);
            if (context.Get(common.DryRun))
            {
                context.Write(request, ApiJson.Default.CreateTokenRequest, _ => context.Say($"Would make a token: {grant.Text}, good for {Duration.Format(grant.Lifetime)}."));
                return ExitCodes.Done;
            }

            var client = await context.ConnectAsync(cancellation);
            var made = await client.CreateTokenAsync(request, cancellation);
            context.Write(made, ApiJson.Default.TokenDocument, token =>
            {
                // The token alone is the result, so that it can be put where it is needed.
                context.Environment.Error.WriteLine($"Token '{token.Name}': {grant.Text}, good until {Units.Time(token.ExpiresAt)}. It is shown this once:");
                context.Environment.Output.WriteLine(token.Token);
            });
            return ExitCodes.Done;
        });
    }
}
