"""People: who is who, and who answers for whom.

An account signs in; a person is somebody at one school. They are apart: children and guardians reached by SMS only have
no account, one account may act as several persons (a teacher who is also a mother; two children at two schools), and
two adults may share a phone. Staff hold roles with dates; a substitute's role stands in for another's. A guardianship
is an edge from a guardian to a student with a relation, rights, dates and restrictions; a guardian may delegate it to
another adult for a time. Every adult is shown with a verified label: 张三妈妈, 李老师 · 数学.
"""
