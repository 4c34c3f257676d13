using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot user</c>: the accounts of people.</summary>
internal static class UserCommands
{
    public static Command CreateInvite(CliEnvironment environment, CommonOptions common)
    {
        var (name, roles) = (Name(), RoleOption());
        var command = common.ForNetwork(
            "invite", "Invite somebody, or somebody again who lost password or second factor; the invitation is printed once and good for a day",
            ("entrepot user invite jane --role approver --role viewer", "She then runs entrepot sign-in --invitation"),
            ("entrepot user invite jane", "She lost her second factor: until she accepts, the old one is good"));
        command.Add(name);
        command.Add(roles);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var request = new InviteUserRequest(context.Get(name), Words(context, roles));
            if (context.Get(common.DryRun))
            {
                context.Write(request, ApiJson.Default.InviteUserRequest, _ => context.Say(
                    $"Would invite '{request.Name}'{(request.Roles is null ? "" : $" as {string.Join(" and ", request.Roles)}")}."));
                return ExitCodes.Done;
            }

            var client = await context.ConnectAsync(cancellation);
            context.Write(await client.InviteUserAsync(request, cancellation), ApiJson.Default.InvitationDocument, made =>
            {
                environment.Error.WriteLine($"'{made.User.Name}' ({string.Join(", ", made.User.Roles)}) can accept it until {Units.Time(made.User.InvitedUntil!.Value)}. It is shown this once:");
                environment.Output.WriteLine(made.Invitation);
            });
            return ExitCodes.Done;
        });
    }

    public static Command CreateList(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("list", "List the accounts: who may do what", ("entrepot user list", "Roles and states; never a secret"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                context.Write(await client.ListUsersAsync(cancellation), ApiJson.Default.IReadOnlyListUserDocument, found => Tables.Write(
                    context, ["name", "state", "roles", new("recovery codes", true), "since", "made by"],
                    [.. found.Select(static user => (string[])
                    [
                        user.Name, user.State, string.Join(", ", user.Roles), Units.Count(user.RecoveryCodes), Units.Time(user.CreatedAt), user.CreatedBy,
                    ])],
                    "There is no account; 'entrepot user invite' makes one."));
                return ExitCodes.Done;
            });

    public static Command CreateSet(CliEnvironment environment, CommonOptions common)
    {
        var roles = RoleOption();
        return Change(
            environment, common, "set", "Change what an account is to the network; it holds from the next request on", ("entrepot user set jane --role auditor", "And nothing else any more"), [roles],
            context => new UpdateUserRequest(Words(context, roles) ?? throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "no role is named.", "Say --role ROLE.").ToException()),
            "is {1} now");
    }

    public static Command CreateDisable(CliEnvironment environment, CommonOptions common) => Change(
        environment, common, "disable", "Keep somebody out at once; its sessions end", ("entrepot user disable jane", "Until 'entrepot user enable jane'"), [],
        static _ => new UpdateUserRequest(Disabled: true), "is kept out");

    public static Command CreateEnable(CliEnvironment environment, CommonOptions common) => Change(
        environment, common, "enable", "Let somebody in again", ("entrepot user enable jane", "With the secrets from before"), [],
        static _ => new UpdateUserRequest(Disabled: false), "may sign in");

    public static Command CreateUnlock(CliEnvironment environment, CommonOptions common) => Change(
        environment, common, "unlock", "Forget the wrong attempts that locked an account", ("entrepot user unlock jane", "Instead of waiting for half an hour"), [],
        static _ => new UpdateUserRequest(Unlock: true), "may try again");

    public static Command CreateRemove(CliEnvironment environment, CommonOptions common)
    {
        var name = Name();
        var command = common.ForNetwork("remove", "Remove an account; the journal keeps its name", ("entrepot user remove jane --yes", "Its sessions end"));
        command.Add(name);
        command.Add(common.Yes);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var wanted = context.Get(name);
            if (context.Get(common.DryRun))
            {
                context.Say($"Would remove '{wanted}'.");
                return ExitCodes.Done;
            }

            if (!context.Confirm($"Remove '{wanted}'?", required: true))
                return ExitCodes.Negative;
            await client.RemoveUserAsync(wanted, cancellation);
            context.Say($"'{wanted}' is removed.");
            return ExitCodes.Done;
        });
    }

    private static ExampleCommand Change(
        CliEnvironment environment, CommonOptions common, string verb, string description, (string, string) example, IReadOnlyList<Option> options,
        Func<CommandContext, UpdateUserRequest> change, string done)
    {
        var name = Name();
        var command = common.ForNetwork(verb, description, example);
        command.Add(name);
        foreach (var option in options)
            command.Add(option);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var (wanted, request) = (context.Get(name), change(context));
            if (context.Get(common.DryRun))
            {
                context.Write(request, ApiJson.Default.UpdateUserRequest, _ => context.Say($"Would {verb} '{wanted}'."));
                return ExitCodes.Done;
            }

            var client = await context.ConnectAsync(cancellation);
            context.Write(await client.UpdateUserAsync(wanted, request, cancellation), ApiJson.Default.UserDocument, user => context.Say(
                $"'{user.Name}' {string.Format(null, done, user.Name, string.Join(" and ", user.Roles))}."));
            return ExitCodes.Done;
        });
    }

    private static Argument<string> Name() => new("name") { Description = "The account: a–z, 0–9 and '-'" };

    private static Option<string[]> RoleOption()
    {
        var roles = new Option<string[]>("--role") { Description = $"What the account is: {string.Join(", ", Roles.Words)}; may be given several times", HelpName = "ROLE" };
        roles.CompletionSources.Add([.. Roles.Words]);
        return roles;
    }

    private static IReadOnlyList<string>? Words(CommandContext context, Option<string[]> option)
    {
        if (context.Get(option) is not { Length: > 0 } words)
            return null;
        return Roles.TryParse(words, out var roles, out var fault) ? Roles.WordsOf(roles) : throw fault.ToException();
    }
}
