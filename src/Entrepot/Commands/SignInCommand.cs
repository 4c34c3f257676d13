using System.CommandLine;
using System.Security.Cryptography;
using Entrepot.Cli.Accounts;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot sign-in</c>, <c>sign-out</c> and <c>whoami</c>.</summary>
internal static class SignInCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var user = new Argument<string?>("user") { Description = "The account's name", Arity = ArgumentArity.ZeroOrOne };
        var invited = new Option<bool>("--invitation") { Description = "Accept an invitation first: it sets password and second factor" };
        var provider = new Option<bool>("--oidc") { Description = "Sign in through the organisation's provider; the usual way where there is one and no account is named" };
        var command = common.ForNetwork(
            "sign-in", "Sign in as a person: the commands that follow are run as that account, until it was idle for 15 minutes",
            ("entrepot sign-in jane --server https://mirror-1:3000", "Asks for the password and the code of the app"),
            ("entrepot sign-in --oidc", "Through your organisation: prints an address to open in a browser on any machine"),
            ("entrepot sign-in --invitation", "Asks for the invitation, sets password and second factor, prints recovery codes"));
        command.Add(user);
        command.Add(invited);
        command.Add(provider);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsNobodyAsync(cancellation);
            if (context.Get(invited))
                return await AcceptAsync(context, client, context.Get(user), cancellation);
            if (context.Get(provider) && context.Get(user) is not null)
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "an account and --oidc do not go together.", "Write entrepot sign-in NAME, or entrepot sign-in --oidc.").ToException();
            if (context.Get(provider) || (context.Get(user) is null && (await client.SignInMethodsAsync(cancellation)).OpenIdConnect is not null))
                return await ProviderSignInFlow.RunAsync(context, client, cancellation);
            var name = context.Get(user) ?? throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "no account is named.", "Write entrepot sign-in NAME.").ToException();
            var request = new SignInRequest(name, SecretPrompt.Ask(environment, "Password"), SecretPrompt.Ask(environment, "Code of the app, or a recovery code"));
            var session = await client.SignInAsync(request, cancellation);
            return Keep(context, client, session, name);
        });
    }

    public static Command CreateOut(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("sign-out", "End the session that 'sign-in' began", ("entrepot sign-out", "Nobody can use it any more"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsNobodyAsync(cancellation);
                var metadata = client.UrlOf("metadata");
                var kept = Sessions(environment);
                if (kept.Find(new Uri(metadata)) is not { } session)
                {
                    context.Say("Nobody was signed in.");
                    return ExitCodes.Done;
                }

                context.Show(session, metadata);
                try
                {
                    await client.SignOutAsync(cancellation);
                }
                catch (FaultException error) when (error.Fault.Is(AccessFault.Session))
                {
                    // It was over already, which is all that is wanted.
                }

                kept.Forget(new Uri(metadata));
                context.Say("Signed out.");
                return ExitCodes.Done;
            });

    public static Command CreateWho(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("whoami", "Tell as whom commands are run here, and what that may do", ("entrepot whoami", "The name that the journal will have"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                context.Write(await client.WhoAmIAsync(cancellation), ApiJson.Default.SessionDocument, found => context.Say(
                    found.Name.Length == 0 ? "Nobody in particular: what is public can be read." : $"{found.Name} ({string.Join(", ", found.Roles)})"));
                return ExitCodes.Done;
            });

    /// <summary>Keeps a session that began.</summary>
    public static int Keep(CommandContext context, EntrepotClient client, SessionDocument session, string name)
    {
        Sessions(context.Environment).Keep(new Uri(client.UrlOf("metadata")), session.Session!, session.Ends!.Value);
        context.Write(session with { Session = null }, ApiJson.Default.SessionDocument, found => context.Say(
            $"Signed in as '{name}' ({string.Join(", ", found.Roles)}), until {Units.Time(found.Ends!.Value)} at the latest."));
        return ExitCodes.Done;
    }

    /// <summary>The sessions of this user.</summary>
    public static SessionFile Sessions(CliEnvironment environment) => new(environment.StateFolder, environment.Time);

    private static async Task<int> AcceptAsync(CommandContext context, EntrepotClient client, string? named, CancellationToken cancellation)
    {
        var environment = context.Environment;
        var invitation = SecretPrompt.Ask(environment, "Invitation");
        var key = RandomNumberGenerator.GetBytes(SecondFactor.KeyBytes);
        var link = SecondFactor.LinkOf(key, "Entrepot", named ?? "me");
        environment.Error.WriteLine(
            TerminalQr.Show(environment, link)
                ? "Give this to your authenticator app by its camera, as a link or as the key that is in it:"
                : "Give this to your authenticator app, as a link or as the key that is in it:");
        environment.Error.WriteLine(link);
        var code = SecretPrompt.Ask(environment, "Code that the app shows now");
        var password = SecretPrompt.Ask(environment, $"Password of at least {PasswordHash.MinLength} characters");
        if (SecretPrompt.Ask(environment, "The same password again") != password)
            throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "the two passwords differ.", "Run the command again; the invitation is still good.").ToException();
        var accepted = await client.AcceptInvitationAsync(new AcceptInvitationRequest(invitation, password, key, code), cancellation);
        context.Write(accepted, ApiJson.Default.AcceptedDocument, done =>
        {
            context.Say($"'{done.User.Name}' is set up. Keep these recovery codes where the app is not; each stands for a code once:");
            foreach (var recovery in done.RecoveryCodes)
                environment.Output.WriteLine($"  {recovery}");
            context.Say($"Sign in when the app shows the next code: entrepot sign-in {done.User.Name}");
        });
        return ExitCodes.Done;
    }
}
