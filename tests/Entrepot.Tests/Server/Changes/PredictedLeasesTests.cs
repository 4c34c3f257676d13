using System.Text.RegularExpressions;
using CsCheck;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Changes;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Configuration;
using Entrepot.Server.Declarations;
using Entrepot.Server.Guard;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Changes;

/// <summary>What a change says it would do to leases is what the node then does.</summary>
public sealed partial class PredictedLeasesTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-predicted-").FullName;
    private StateDatabase _state = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), Node.StateFeatures);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A service has a fixed port of few, or one of a narrow pool, or is not there; so services take each other's ports, and pools run out.</summary>
    private static readonly Gen<string> Portfiles = Gen.Select(Gen.Int[0, 6].Array[5], Gen.Int[0, 3], static (choices, size) =>
    {
        var services = choices.Select(static (choice, i) => choice switch
        {
            < 3 => $"  - {{name: s{i}, port: {8100 + choice}, owner: o, purpose: p}}\n",
            < 5 => $"  - {{name: s{i}, pool: p{choice}, owner: o, purpose: p}}\n",
            _ => "",
        });
        return $"pools:\n  - {{name: p3, range: 20000-{20000 + size}, strategy: dynamic}}\n  - {{name: p4, range: 21000-21009, strategy: dynamic}}\nservices: {(string.Concat(services) is { Length: > 0 } text ? "\n" + text : "[]\n")}";
    });

    [Fact]
    public async Task What_is_told_of_leases_is_what_happens_to_them()
        => await Portfiles.Array[2, 6].SampleAsync(
            async texts =>
            {
                var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
                var settings = Settings.Default with { Portfile = Path.Combine(_folder, "portfile.yaml") };
                var good = texts.Where(text => PortfileReader.Read(text, "p", time.GetUtcNow()).Portfile is not null).Distinct().ToList();
                if (good.Count < 2)
                    return;
                await File.WriteAllTextAsync(settings.Portfile, good[0], Cancellation);
                var declaration = NodeDeclaration.Open(settings, time, NullLogger.Instance);
                var inventory = new ListeningSockets("/nonexistent");
                var book = new PortBook(_state, declaration.Policy(), time);
                await book.ReleaseMissingAsync(settings.Node, new HashSet<string>(), "test", Cancellation);
                await using var guard = new PortGuard(inventory, _state, new AgentDoorKeeper("/nonexistent"), GuardOptions.From(settings), time, NullLogger.Instance);
                var governed = new GovernedServices(settings, declaration, book, inventory, guard, NullLogger.Instance);
                await governed.ReconcileAsync(new HashSet<string>(), Cancellation);

                for (var i = 1; i < good.Count; i++)
                {
                    var before = book.Leases().ToDictionary(static lease => lease.Service, static lease => lease.Port);
                    var next = PortfileReader.Read(good[i], "p", time.GetUtcNow()).Require();
                    var effects = PortfileEffect.Of(
                        declaration.Current, next,
                        new PortfileScene(settings.Node, settings.Site, new HashSet<string>(), book.Leases(), protocol => new PortObservation([.. inventory.Listeners(protocol)], inventory.EphemeralRange()), time.GetUtcNow()) { Book = book });
                    await File.WriteAllTextAsync(settings.Portfile, $"{good[i]}#{new string('.', i)}\n", Cancellation);
                    declaration.Look().ShouldBeTrue();
                    await governed.ReconcileAsync(new HashSet<string>(), Cancellation);

                    var expected = new Dictionary<string, int>(before);
                    foreach (var effect in effects)
                    {
                        if (Released().Match($"{effect.Subject} {effect.Text}") is { Success: true } released)
                            expected.Remove(released.Groups[1].Value);
                        else if (Granted().Match($"{effect.Subject} {effect.Text}") is { Success: true } granted)
                            expected[granted.Groups[1].Value] = int.Parse(granted.Groups[2].Value, null);
                    }

                    book.Leases().Select(static lease => $"{lease.Service} {lease.Port}").Order().ShouldBe(
                        expected.Select(static pair => $"{pair.Key} {pair.Value}").Order(), $"from\n{good[i - 1]}to\n{good[i]}{string.Join('\n', effects)}");
                }
            },
            iter: 60, threads: 1);

    [GeneratedRegex("^lease tcp/\\d+ of '(\\w+)' is released")]
    private static partial Regex Released();

    [GeneratedRegex("^lease of '(\\w+)' (?:is granted:|moves from tcp/\\d+ to) tcp/(\\d+)")]
    private static partial Regex Granted();
}
