%% BEAM, node to node: workload i. This node asks and casts; the other one, `receiver@127.0.0.1`, has the gen_server.
-module(beam_nodes).
-behaviour(gen_server).
-export([receiver/0, run/0, init/1, handle_call/3, handle_cast/2]).

-define(BURST, 1000).
-define(RECEIVER, {receiver, 'receiver@127.0.0.1'}).

%% ---- the other node

receiver() ->
    logger:set_primary_config(level, none),
    {ok, _} = gen_server:start({local, receiver}, ?MODULE, [], []).

init([]) -> {ok, 0}.

handle_call(count, _From, Seen) -> {reply, Seen, 0};
handle_call({ping, _}, _From, Seen) -> {reply, pong, Seen}.

handle_cast({tell, _}, Seen) -> {noreply, Seen + 1};
%% the last message of a burst asks for more
handle_cast({tell_more, _, From}, Seen) -> From ! more, {noreply, Seen + 1}.

%% ---- this node

run() ->
    connect(100),
    Body = binary:copy(<<"x">>, 100),
    N = beam:n(300000),
    beam:rate("i_cast", "msgs", N, beam:twice(N, fun(M) -> timed(fun() -> held(Body, M), counted(M) end) end)),
    beam:rate("i_cast_burst", "msgs", N,
              beam:twice(N, fun(M) -> timed(fun() -> casts(Body, M), counted(M) end) end)),
    C = beam:n(20000),
    called("i_call", C, ", \"callers\": 1", beam:twice(C, fun(M) -> T0 = now_ns(), L = calls(Body, M, []), {now_ns() - T0, L} end)),
    Each = max(1, C div 16),
    called("i_call_16", Each * 16, ", \"callers\": 16",
           beam:twice(Each, fun(M) -> T0 = now_ns(), L = callers(Body, 16, M), {now_ns() - T0, L} end)).

connect(0) -> error(no_receiver);
connect(Tries) ->
    try gen_server:call(?RECEIVER, count)
    catch exit:_ -> timer:sleep(50), connect(Tries - 1)
    end.

called(Row, N, More, {Ns, L}) -> beam:rate(Row, "calls", N, Ns, More), beam:latency(Row, L, More).

now_ns() -> erlang:monotonic_time(nanosecond).
timed(Fun) -> T0 = now_ns(), Fun(), now_ns() - T0.

counted(N) -> N = gen_server:call(?RECEIVER, count, 60000).

casts(_, 0) -> ok;
casts(Body, N) -> gen_server:cast(?RECEIVER, {tell, Body}), casts(Body, N - 1).

held(_, 0) -> ok;
held(Body, N) ->
    K = min(N, ?BURST),
    casts(Body, K - 1), gen_server:cast(?RECEIVER, {tell_more, Body, self()}),
    receive more -> held(Body, N - K) end.

calls(_, 0, L) -> L;
calls(Body, N, L) ->
    T0 = now_ns(), pong = gen_server:call(?RECEIVER, {ping, Body}, 5000), calls(Body, N - 1, [now_ns() - T0 | L]).

callers(Body, K, N) ->
    Me = self(),
    Ps = [spawn_link(fun() -> Me ! {self(), calls(Body, N, [])} end) || _ <- lists:seq(1, K)],
    lists:append([receive {P, L} -> L end || P <- Ps]).
