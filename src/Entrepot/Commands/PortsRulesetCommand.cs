using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Cli.Commands;

/// <summary>A script of a ruleset.</summary>
/// <param name="Program">The program that reads it.</param>
/// <param name="Arguments">The program's arguments.</param>
/// <param name="Input">The script.</param>
internal sealed record RulesetScript(string Program, IReadOnlyList<string> Arguments, string Input);

/// <summary><c>entrepot ports ruleset</c>.</summary>
internal static class PortsRulesetCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var rules = new PortfileRules();
        var target = new Option<string?>("--target")
        {
            Description = $"Packet filter: {string.Join(", ", FirewallTargets.All.Select(static target => target.Name))} [default: {FirewallTargets.All[0].Name}]", HelpName = "NAME",
        };
        target.CompletionSources.Add([.. FirewallTargets.All.Select(static target => target.Name)]);
        var command = new ExampleCommand(
            "ruleset", "Print what a packet filter would be told; changes nothing and needs no agent",
            ("entrepot ports ruleset portfile.yaml --node hall-a", "An nftables script, for nft -f"),
            ("entrepot ports ruleset portfile.yaml --target iptables", "For iptables-restore and ip6tables-restore"))
        {
            target,
        };
        rules.AddTo(command, common);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var filter = FirewallTargets.Named(context.Get(target) ?? FirewallTargets.All[0].Name);
            var (_, model) = await rules.CompileAsync(context, cancellation);
            PortfileRules.Warn(context, model, []);
            if (filter.Gaps(model) is { Length: > 0 } gaps)
                throw new CompiledRules(null, gaps, []).Fault.ToException();
            var scripts = filter.Render(model, [], environment.Time.GetUtcNow())
                .Select(static command => new RulesetScript(command.Program, command.Arguments, command.Input)).ToList();
            context.Write(scripts, CliJson.Default.ListRulesetScript, found =>
            {
                foreach (var script in found)
                    environment.Output.Write($"# {script.Program} {string.Join(' ', script.Arguments)}\n{script.Input}");
            });
            return ExitCodes.Done;
        });
    }
}
