using System.Net;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Guard;

public sealed class GuardPlanTests
{
    private static readonly OwnerReport Peace = new([], true, []);
    private static readonly OwnerReport Nobody = new([], false, []);

    private static OwnerReport Invaded(params long[] inodes)
        => new([.. inodes.Select(inode => new Stranger(new ListeningSocket(PortProtocol.Tcp, IPAddress.Any, 80, true, null, inode), "is held by another."))], false, []);

    private static (GuardState State, List<GuardAction> Actions) Run(
        GuardState state, StrangerReaction reaction, bool canMove, params OwnerReport[] looks)
    {
        var actions = new List<GuardAction>();
        foreach (var look in looks)
        {
            (state, var now) = GuardPlan.Next(state, look, reaction, canMove);
            actions.AddRange(now);
        }

        return (state, actions);
    }

    [Fact]
    public void A_stranger_is_told_of_once_and_its_end_too()
        => Run(GuardState.Initial, StrangerReaction.Alert, true, Peace, Invaded(7), Invaded(7), Invaded(7), Peace, Peace, Peace, Peace)
            .Actions.ShouldBe([GuardAction.Alert, GuardAction.AllClear]);

    [Fact]
    public void Another_stranger_is_told_of_as_well()
        => Run(GuardState.Initial, StrangerReaction.Alert, true, Invaded(7), Invaded(7, 8)).Actions.ShouldBe([GuardAction.Alert, GuardAction.Alert]);

    [Fact]
    public void A_block_lasts_until_peace_is_certain()
        => Run(GuardState.Initial, StrangerReaction.Block, true, Invaded(7), Invaded(7), Peace, Peace, Peace)
            .Actions.ShouldBe([GuardAction.Alert, GuardAction.Block, GuardAction.AllClear, GuardAction.Unblock]);

    [Fact]
    public void What_should_move_and_can_not_is_blocked()
        => Run(GuardState.Initial, StrangerReaction.Move, false, Invaded(7)).Actions.ShouldBe([GuardAction.Alert, GuardAction.Block]);

    [Fact]
    public void A_service_moves_away_at_once_and_home_when_its_port_is_free()
    {
        var (state, actions) = Run(GuardState.Initial, StrangerReaction.Move, true, Invaded(7));
        actions.ShouldBe([GuardAction.Alert, GuardAction.MoveAway]);

        (state, actions) = Run(state with { Away = true }, StrangerReaction.Move, true, Invaded(7), Nobody, Nobody);
        actions.ShouldBeEmpty();
        (_, actions) = Run(state, StrangerReaction.Move, true, Nobody);
        actions.ShouldBe([GuardAction.AllClear, GuardAction.MoveHome]);
    }

    [Fact]
    public void A_service_that_could_not_have_its_port_at_its_start_goes_home_whatever_the_policy()
        => Run(GuardState.Initial with { Away = true }, StrangerReaction.Alert, true, Invaded(7), Nobody, Nobody, Nobody)
            .Actions.ShouldBe([GuardAction.Alert, GuardAction.AllClear, GuardAction.MoveHome]);

    [Fact]
    public void Nobody_goes_home_while_somebody_is_there()
        => Run(GuardState.Initial with { Away = true }, StrangerReaction.Move, true, [.. Enumerable.Repeat(Peace, 10)]).Actions.ShouldBeEmpty();

    [Fact]
    public void A_move_that_fails_is_tried_again_ever_later()
    {
        var state = GuardState.Initial with { Away = true };
        var waits = new List<int>();
        for (var attempt = 0; attempt < 9; attempt++)
        {
            var looks = 0;
            List<GuardAction> actions;
            do
            {
                (state, actions) = Run(state, StrangerReaction.Move, true, Nobody);
                looks++;
            }
            while (!actions.Contains(GuardAction.MoveHome));
            waits.Add(looks);
            state = state.AfterFailure();
        }

        waits.ShouldBe([3, 1, 2, 4, 8, 16, 32, 64, 64]);
    }

    [Fact]
    public void Whatever_is_seen_blocks_and_alerts_pair_up_and_a_move_home_needs_a_free_port()
        => Gen.Select(
                Gen.OneOf(Gen.Const(Peace), Gen.Const(Nobody), Gen.Long[1, 3].Select(static inode => Invaded(inode))).Array[0, 40],
                Gen.Enum<StrangerReaction>(), Gen.Bool)
            .Sample((looks, reaction, canMove) =>
            {
                var state = GuardState.Initial;
                var (blocked, alerted) = (false, false);
                foreach (var look in looks)
                {
                    (state, var actions) = GuardPlan.Next(state, look, reaction, canMove);
                    foreach (var action in actions)
                    {
                        switch (action)
                        {
                            case GuardAction.Alert:
                                look.Strangers.ShouldNotBeEmpty();
                                alerted = true;
                                break;
                            case GuardAction.AllClear:
                                alerted.ShouldBeTrue();
                                alerted = false;
                                break;
                            case GuardAction.Block:
                                blocked.ShouldBeFalse();
                                blocked = true;
                                break;
                            case GuardAction.Unblock:
                                blocked.ShouldBeTrue();
                                blocked = false;
                                break;
                            case GuardAction.MoveAway:
                                (reaction == StrangerReaction.Move && canMove).ShouldBeTrue();
                                state = state with { Away = true };
                                break;
                            case GuardAction.MoveHome:
                                look.Free.ShouldBeTrue();
                                state = state with { Away = false };
                                break;
                        }
                    }
                }
            });
}
