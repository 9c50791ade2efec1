"""Questions: what a family asked, who owes the answer, and how it ended.

A question is asked by one guardian (or a pupil) about one child under one of the school's topics. It has a circle, the
staff who may see it, chosen by the asker or by the school's routing; an owner, who owes the next step; and a state,
which moves only along the table in `states.py`. A question never vanishes: it ends closed, withdrawn or merged with the
same family's earlier one, each with its reason, and whoever asked may take a closed one up again.

A line is what the asker and the school write to each other; a note is the staff's alone and lives in a table of its
own, so that no family page can show it by mistake. Every step is an immutable `QuestionEvent` with its working minutes.
The clock runs in working time only, and stands still while the asker is the one who is waited for.
"""
