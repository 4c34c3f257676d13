using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class ReservedPortsTests : IDisposable
{
    private static readonly Gen<PortSet> GenPorts = Gen.Int[32700, 32900].Array[0, 60].Select(static ports => PortSet.Of(ports));
    private static readonly PortSet Range = PortSet.Range(32768, 60999);

    private readonly string _proc = Directory.CreateTempSubdirectory("entrepot-proc-").FullName;

    public ReservedPortsTests()
    {
        Directory.CreateDirectory(Path.Combine(_proc, "sys", "net", "ipv4"));
        Directory.CreateDirectory(Path.Combine(_proc, "sys", "kernel", "random"));
        File.WriteAllText(Setting("ip_local_port_range"), "32768\t60999\n");
        File.WriteAllText(Setting("ip_local_reserved_ports"), "\n");
        Boot("one");
    }

    public void Dispose() => Directory.Delete(_proc, recursive: true);

    [Fact]
    public void What_is_wanted_and_in_the_range_is_reserved_and_what_others_reserved_stays()
        => Gen.Select(GenPorts, GenPorts, GenPorts).Sample((others, ours, wanted) =>
        {
            var held = ours.Except(others);
            var change = ReservedPorts.Reserve(others.Union(held), held, wanted, Range);
            others.Except(change.Value).IsEmpty.ShouldBeTrue();
            wanted.Intersect(Range).Except(change.Value).IsEmpty.ShouldBeTrue();
            change.Value.Except(others).Except(wanted.Intersect(Range)).IsEmpty.ShouldBeTrue();
            change.Ours.Overlaps(others).ShouldBeFalse();
            change.Ours.ShouldBe(change.Value.Except(others));
        });

    [Fact]
    public void Reserving_twice_changes_nothing_the_second_time()
        => Gen.Select(GenPorts, GenPorts).Sample((current, wanted) =>
        {
            var first = ReservedPorts.Reserve(current, PortSet.Empty, wanted, Range);
            var second = ReservedPorts.Reserve(first.Value, first.Ours, wanted, Range);
            (second.Writes, second.Value, second.Ours).ShouldBe((false, first.Value, first.Ours));
        });

    [Fact]
    public void A_release_restores_the_list_with_everything_that_others_did_meanwhile()
        => Gen.Select(GenPorts, GenPorts, GenPorts, GenPorts).Sample((before, wanted, added, taken) =>
        {
            var reserved = ReservedPorts.Reserve(before, PortSet.Empty, wanted, Range);
            var theirs = added.Except(reserved.Ours);
            var meanwhile = reserved.Value.Except(taken).Union(theirs);
            ReservedPorts.Release(meanwhile, reserved.Ours).Value.ShouldBe(before.Except(taken).Union(theirs));
        });

    [Fact]
    public async Task The_kernel_s_list_is_merged_and_restored()
    {
        File.WriteAllText(Setting("ip_local_reserved_ports"), "40000,54330\n");
        var writer = new ReservedPortsWriter(new Memory(), _proc);

        (await writer.ReserveAsync(PortSet.Range(54321, 54400).Union(PortSet.Of(8080, 60000)))).Added.Count.ShouldBe(80);
        Listed().ShouldBe("40000,54321-54400,60000");
        File.WriteAllText(Setting("ip_local_reserved_ports"), "40000-40009,54321-54400,60000\n");
        await writer.ReleaseAsync();
        Listed().ShouldBe("40000-40009,54330");
    }

    [Fact]
    public async Task After_a_boot_nothing_in_the_list_is_ours()
    {
        var memory = new Memory();
        await new ReservedPortsWriter(memory, _proc).ReserveAsync(PortSet.Of(54321, 54322));
        File.WriteAllText(Setting("ip_local_reserved_ports"), "54321\n");
        Boot("two");
        await new ReservedPortsWriter(memory, _proc).ReleaseAsync();
        Listed().ShouldBe("54321");
    }

    [Fact]
    public async Task A_crash_before_or_after_the_write_leaves_nothing_behind()
    {
        foreach (var saves in new[] { 1, 2 })
        {
            File.WriteAllText(Setting("ip_local_reserved_ports"), "40000\n");
            var memory = new Memory { FailAfter = saves };
            await Should.ThrowAsync<IOException>(() => new ReservedPortsWriter(memory, _proc).ReserveAsync(PortSet.Of(54321)));
            memory.FailAfter = int.MaxValue;
            await new ReservedPortsWriter(memory, _proc).ReleaseAsync();
            Listed().ShouldBe("40000");
        }
    }

    [Fact]
    public async Task A_list_that_is_missing_or_not_one_is_left_alone()
    {
        File.WriteAllText(Setting("ip_local_reserved_ports"), "not a list");
        (await Should.ThrowAsync<FaultException>(() => new ReservedPortsWriter(new Memory(), _proc).ReserveAsync(PortSet.Of(54321)))).Fault.Is(ReservedPortsFault.Unreadable).ShouldBeTrue();
        File.Delete(Setting("ip_local_reserved_ports"));
        (await Should.ThrowAsync<FaultException>(() => new ReservedPortsWriter(new Memory(), _proc).ReserveAsync(PortSet.Of(54321)))).Fault.Is(ReservedPortsFault.Unreadable).ShouldBeTrue();
        File.Exists(Setting("ip_local_reserved_ports")).ShouldBeFalse();
    }

    [Fact]
    public async Task The_state_remembers_what_is_ours_with_a_line_in_the_journal()
    {
        var file = Path.Combine(_proc, "state.db");
        await using (var state = StateDatabase.Open(file, typeof(PortBook).Assembly))
            await new ReservedPortsWriter(new ReservedPortsTable(state, NodeName.Parse("n1"), TimeProvider.System), _proc).ReserveAsync(PortSet.Of(54321));
        await using (var state = StateDatabase.Open(file, typeof(PortBook).Assembly))
        {
            await new ReservedPortsWriter(new ReservedPortsTable(state, NodeName.Parse("n1"), TimeProvider.System), _proc).ReleaseAsync();
            Entrepot.Core.Journal.JournalTable.Read(state, 0, 10).Select(static entry => entry.Details).ShouldBe(["{\"ours\":\"54321\"}", "{\"ours\":\"\"}"]);
        }

        Listed().ShouldBe("");
    }

    private string Setting(string name) => Path.Combine(_proc, "sys", "net", "ipv4", name);

    private string Listed() => File.ReadAllText(Setting("ip_local_reserved_ports")).Trim();

    private void Boot(string id) => File.WriteAllText(Path.Combine(_proc, "sys", "kernel", "random", "boot_id"), id + "\n");

    private sealed class Memory : IReservedPortsMemory
    {
        private (PortSet Ours, string Boot) _kept = (PortSet.Empty, "");

        public int FailAfter { get; set; } = int.MaxValue;

        public Task<(PortSet Ours, string Boot)> LoadAsync(CancellationToken cancellation) => Task.FromResult(_kept);

        public Task SaveAsync(PortSet ours, string boot, CancellationToken cancellation)
        {
            if (--FailAfter < 0)
                throw new IOException("The machine is gone.");
            _kept = (ours, boot);
            if (FailAfter == 0)
                throw new IOException("The machine is gone.");
            return Task.CompletedTask;
        }
    }
}
